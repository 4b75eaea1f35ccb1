// Light, dark or as the system says. A classic script in the head, so that the page is never painted in the wrong one.
(() => {
  const kThemes = ["system", "light", "dark"];
  const root = document.documentElement;
  let theme = "system";

  function show(next) {
    theme = next;
    root.dataset.theme = next;
    const button = document.getElementById("theme");
    if (!button) return;
    button.setAttribute("aria-label", `Theme: ${next}`);
    button.title = `Theme: ${next}`;
  }

  try {
    const stored = localStorage.getItem("theme");
    if (kThemes.includes(stored)) theme = stored;
  } catch {
    // Storage may be forbidden; the system's theme then.
  }
  show(theme);

  document.addEventListener("DOMContentLoaded", () => {
    show(theme);
    document.getElementById("theme").addEventListener("click", () => {
      show(kThemes[(kThemes.indexOf(theme) + 1) % kThemes.length]);
      try {
        localStorage.setItem("theme", theme);
      } catch {
        // Not remembered, then.
      }
    });
  });
})();
