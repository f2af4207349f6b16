
for (const box of document.querySelectorAll("[data-copied]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.onclick = () => navigator.clipboard.writeText(box.dataset.copied).then(
    () => { button.textContent = "Copied"; });
  box.append(button);
}
