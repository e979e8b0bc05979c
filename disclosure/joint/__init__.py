"""The joint attack on everything released: can some small group of children be worked out by combining tables?

Every released cell is a set of children. Children in exactly the same released cells form a *class*; the sizes of the
classes are the unknowns, each released figure is an equation. A class is safe when some feasible world gives it at
least k children (`worlds` finds such worlds in batches); it is a leak when a combination of released cells bounds it
below k (`certify` finds the combination). Sound both ways: nothing is called safe without a world, and no alarm is
raised without a group that, on the data, truly has fewer than k children.
"""

from disclosure.joint.attack import Joint, Leaky, attack_releases
from disclosure.joint.classes import Classes, Released, classes_of

__all__ = ["Classes", "Joint", "Leaky", "Released", "attack_releases", "classes_of"]
