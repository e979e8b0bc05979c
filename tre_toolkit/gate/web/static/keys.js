// Keys for a review: a approve, c change (refuse), n next, p previous, s skip to the note. Off while a field is
// in use; off for good with the button (WCAG 2.1.4), remembered on this machine only.
(function () {
  "use strict";
  var off = window.localStorage.getItem("gate-keys") === "off";
  var button = document.getElementById("keys");
  function tell() { if (button) { button.textContent = off ? "Turn keys on" : "Turn keys off"; button.setAttribute("aria-pressed", String(!off)); } }
  if (button) { button.hidden = false; button.addEventListener("click", function () { off = !off; window.localStorage.setItem("gate-keys", off ? "off" : "on"); tell(); }); }
  tell();
  document.addEventListener("keydown", function (event) {
    var field = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (off || field || event.ctrlKey || event.altKey || event.metaKey) { return; }
    var found = document.querySelector('[data-key="' + (/^[a-z]$/.test(event.key) ? event.key : "-") + '"]');
    if (found) { event.preventDefault(); if (found.tagName === "TEXTAREA") { found.focus(); } else { found.click(); } }
  });
})();
