// The words of the page in its language, and elements made of them. Everything is set as text, never as HTML.

const strings = JSON.parse(document.getElementById("strings").textContent);
export const language = document.documentElement.lang;

export function say(key, values = {}) {
  const text = strings[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

export const byId = (id) => document.getElementById(id);

export function make(tag, options = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || value === null) continue;
    if (key === "class") element.className = value;
    else if (key.includes("-") || key === "role" || key === "lang" || key === "scope") element.setAttribute(key, value);
    else element[key] = value;
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function button(key, act, options = {}) {
  const element = make("button", { type: "button", textContent: say(key), ...options });
  element.addEventListener("click", act);
  return element;
}

export function explain(error) {
  return say(`error_${error.code}`, { detail: error.detail || "" });
}

export function fail(place, error) {
  place.textContent = error ? explain(error) : "";
  place.hidden = !error;
}
