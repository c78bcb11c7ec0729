// Keys for lists, the number beside the threshold, a file that is dragged to its form, and the progress of a match. Everything works without this file.
"use strict";
(() => {
  const rows = () => Array.from(document.querySelectorAll("a.row"));
  document.addEventListener("keydown", (event) => {
    const target = event.target;
    if (event.ctrlKey || event.altKey || event.metaKey || target.closest("input, select, textarea")) return;
    const all = rows();
    const at = all.indexOf(document.activeElement);
    if (event.key === "j" && all.length) all[Math.min(at + 1, all.length - 1)].focus();
    else if (event.key === "k" && all.length) all[Math.max(at - 1, 0)].focus();
    else if (event.key === "n" && document.getElementById("next")) document.getElementById("next").click();
    else if (event.key === "d" && document.getElementById("to-act")) document.getElementById("to-act").click();
    else if (event.key === "/" && document.getElementById("q")) document.getElementById("q").focus();
    else return;
    event.preventDefault();
  });
  const least = document.getElementById("least");
  if (least) least.addEventListener("input", () => {
    document.getElementById("least-shown").textContent = least.value;
  });
  const file = document.getElementById("file");
  if (file) {
    const form = file.closest("form");
    // The server refuses it, too, after it was sent.
    const weigh = () => {
      const isLarge = file.files.length > 0 && file.files[0].size > Number(file.dataset.most);
      file.setCustomValidity(isLarge ? file.dataset.large : "");
      file.reportValidity();
    };
    file.addEventListener("change", weigh);
    form.addEventListener("dragover", (event) => { event.preventDefault(); form.classList.add("over"); });
    form.addEventListener("dragleave", () => form.classList.remove("over"));
    form.addEventListener("drop", (event) => {
      event.preventDefault();
      form.classList.remove("over");
      if (!event.dataTransfer.files.length) return;
      const one = new DataTransfer();
      one.items.add(event.dataTransfer.files[0]);
      file.files = one.files;
      weigh();
    });
  }
  const running = document.getElementById("running");
  if (running) {
    const ask = async () => {
      const answer = await fetch(running.dataset.progress, { cache: "no-store" });
      if (!answer.ok) return;
      const state = await answer.json();
      if (!state.running) { location.reload(); return; }
      document.getElementById("progress").value = state.percent;
      document.getElementById("percent").textContent = state.percent;
      setTimeout(ask, 1000);
    };
    setTimeout(ask, 1000);
  }
})();
