// Counts down and notices when the state changes. The page works without it.
"use strict";
(function () {
  var status = document.querySelector("[data-watch]");
  var left = document.getElementById("left");
  if (left) {
    var end = performance.now() + Number(left.dataset.seconds) * 1000;
    var two = function (n) { return (n < 10 ? "0" : "") + n; };
    var tick = function () {
      var seconds = Math.max(0, Math.ceil((end - performance.now()) / 1000));
      if (seconds === 0) {
        left.textContent = left.dataset.over;
        location.reload();
        return;
      }
      var hours = Math.floor(seconds / 3600);
      var rest = two(Math.floor(seconds / 60) % 60) + ":" + two(seconds % 60);
      left.textContent = hours > 0 ? two(hours) + ":" + rest : rest;
      setTimeout(tick, 500);
    };
    if (Number(left.dataset.seconds) > 0) { tick(); }
  }
  if (!status) { return; }
  var before = status.dataset.state + status.dataset.payments;
  var settled = status.dataset.state === "refunded";
  var look = function () {
    fetch(status.dataset.watch, { cache: "no-store" })
      .then(function (answer) { return answer.ok ? answer.json() : null; })
      .then(function (now) {
        if (now && now.state + now.payments !== before) { location.reload(); return; }
        setTimeout(look, 3000);
      })
      .catch(function () { setTimeout(look, 10000); });
  };
  if (!settled) { setTimeout(look, 1000); }
})();
