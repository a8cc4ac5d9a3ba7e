// Runs before the page is painted, so that the chosen theme never flashes.
(() => {
  const stored = localStorage.getItem("playground.theme");
  if (stored === "light" || stored === "dark") document.documentElement.dataset.theme = stored;
})();
