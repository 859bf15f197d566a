// Copy buttons appear only where copying works; the text can always be selected by hand.
"use strict";

function offerCopies() {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("[data-copy][hidden]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
      const usual = button.textContent;
      if (usual === "Copied") return;
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = usual; }, 2000);
    });
  }
}

offerCopies();
document.addEventListener("tagkin:updated", offerCopies); // parts of the page were put in anew
