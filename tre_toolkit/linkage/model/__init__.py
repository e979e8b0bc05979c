"""The model: how sure two records are one person, from which tokens agree, learnt without any truth.

`levels` says what is compared and how far two records can agree; `pairs` finds the pairs worth a
look and what they agree on (their *pattern*); `classes` holds what each class of pairs is expected to
look like before anything is learnt; `em` learns it from the counts of patterns; `files` says which
records stand in one file; `persons` makes persons of the accepted pairs.
"""
