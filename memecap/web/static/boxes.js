// What belongs together lights together: a quote, its lines in the list, and their boxes on the picture.
// Each element has keys; the one that is pointed at, focused or pressed lights all that share a key with it.

import { make, say } from "./words.js";

let members = []; // [{ element, keys }]

export function forget() {
  members = [];
}

export function join(element, keys) {
  const member = { element, keys };
  members.push(member);
  const press = () => {
    element.setAttribute("aria-pressed", String(element.getAttribute("aria-pressed") !== "true"));
    show();
  };
  element.setAttribute("aria-pressed", "false");
  for (const event of ["mouseenter", "mouseleave", "focus", "blur"]) element.addEventListener(event, show);
  element.addEventListener("click", press);
  if (element.tagName !== "BUTTON") {
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      press();
    });
  }
  return element;
}

function show() {
  const lit = new Set();
  for (const { element, keys } of members) {
    const on = element.matches(":hover") || element === document.activeElement || element.getAttribute("aria-pressed") === "true";
    if (on) for (const key of keys) lit.add(key);
  }
  for (const { element, keys } of members) element.classList.toggle("lit", keys.some((key) => lit.has(key)));
}

export const lineKey = (number) => `line ${number}`;

// A box on the picture; its place is a share of the picture's size, so that it holds at any zoom.
export function place(stage, box, size, label, keys) {
  const [left, top, right, bottom] = box;
  const element = make("button", { type: "button", class: "box", "aria-label": label });
  Object.assign(element.style, {
    left: `${(left / size.width) * 100}%`,
    top: `${(top / size.height) * 100}%`,
    width: `${((right - left) / size.width) * 100}%`,
    height: `${((bottom - top) / size.height) * 100}%`,
  });
  stage.append(join(element, keys));
}

export function lineLabel(line, number) {
  return say("line_label", { n: number + 1, text: line.text, sure: say(`sure_${line.sure}`) });
}
