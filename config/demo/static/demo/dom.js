// Building the page from data: text is always text, never HTML.

const SVG = "http://www.w3.org/2000/svg";

/** Return a new element. `props` are properties; `class`, `on`, `attrs` and `vars` (CSS variables) are special. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  const { class: names, on = {}, attrs = {}, vars = {}, ...rest } = props;
  if (names) node.className = names;
  Object.assign(node, rest);
  for (const [name, handler] of Object.entries(on)) node.addEventListener(name, handler);
  for (const [name, value] of Object.entries(attrs)) if (value !== null && value !== false) node.setAttribute(name, value);
  for (const [name, value] of Object.entries(vars)) node.style.setProperty(`--${name}`, value);
  node.append(...present(children));
  return node;
}

/** Put `children` in place of what the node held; null, undefined and false stand for nothing. */
export function fill(node, ...children) {
  node.replaceChildren(...present(children));
}

const present = (children) => children.flat().filter((child) => child !== null && child !== undefined && child !== false);

/** Return a button that does `onClick`. */
export function button(label, onClick, props = {}) {
  return el("button", { type: "button", on: { click: onClick }, ...props }, label);
}

/** Return a link to a screen of this app ("#/mall"). */
export function link(href, props, ...children) {
  return el("a", { href, ...props }, ...children);
}

const PATHS = {
  back: "M15 5l-7 7 7 7",
  bell: "M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 2h-15zM10 21h4",
  home: "M4 11l8-7 8 7v8a1 1 0 0 1-1 1h-4v-6H9v6H5a1 1 0 0 1-1-1z",
  spark: "M12 3l2.2 5.8L20 11l-5.8 2.2L12 19l-2.2-5.8L4 11l5.8-2.2zM19 16l.8 2.2L22 19l-2.2.8L19 22l-.8-2.2L16 19l2.2-.8z",
  bag: "M5 8h14l1 12a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1zM9 8V7a3 3 0 0 1 6 0v1",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c0-4 3.6-6.5 8-6.5s8 2.5 8 6.5",
  calendar: "M5 6h14a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1zM8 3v5M16 3v5M4 11h16M9 15l2 2 4-4",
  ticket: "M4 7h16v3.5a1.8 1.8 0 0 0 0 3.5v3.5H4V14a1.8 1.8 0 0 0 0-3.5zM14 7v10.5",
  list: "M5 4h14v17l-3-2-2 2-2-2-2 2-2-2-3 2zM9 9h6M9 13h6",
  pin: "M12 21s7-6.3 7-11.5A7 7 0 0 0 5 9.5C5 14.7 12 21 12 21zM12 12a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  lock: "M6 11h12v9H6zM9 11V8a3 3 0 0 1 6 0v3",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.5 2",
  truck: "M3 6h11v10H3zM14 9h4l3 4v3h-7M7 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM17 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
  copy: "M9 9h11v11H9zM15 9V5a1 1 0 0 0-1-1H5a1 1 0 0 0-1 1v9a1 1 0 0 0 1 1h4",
  check: "M5 12.5l4.5 4.5L19 7.5",
  cross: "M6 6l12 12M18 6L6 18",
  down: "M6 9.5l6 6 6-6",
  right: "M9.5 6l6 6-6 6",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  cart: "M4 5h2l2 11h10l2-8H7M9.5 20.5h.01M16.5 20.5h.01",
  pen: "M5 19l1-4L16 5l3 3L9 18zM14 7l3 3",
  flame: "M12 21a6.5 6.5 0 0 0 6.5-6.5c0-4-3.5-5.5-3.5-9.5-3 1-4.5 3.5-4.5 6C9 10.5 8 9 8 9c-1.5 1.5-2.5 3.3-2.5 5.5A6.5 6.5 0 0 0 12 21z",
  gift: "M4 10h16v3H4zM5.5 13h13v8h-13zM12 10v11M12 10S10.5 4.5 8 5.5 8.5 10 12 10zM12 10s1.5-5.5 4-4.5S15.5 10 12 10z",
  crown: "M4 18h16M4.5 15.5L3.5 7l5 4L12 5l3.5 6 5-4-1 8.5z",
  info: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5.5M12 7.8h.01",
  swap: "M4 9h14l-4-4M20 15H6l4 4",
};

/** Return a line icon; decoration, so hidden from screen readers. */
export function icon(name, size = 22) {
  const svg = document.createElementNS(SVG, "svg");
  const attributes = { viewBox: "0 0 24 24", width: size, height: size, fill: "none", stroke: "currentColor" };
  const more = { "stroke-width": 1.8, "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" };
  for (const [key, value] of Object.entries({ ...attributes, ...more })) svg.setAttribute(key, value);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
