// What every screen uses: toasts, sheets from below, skeletons, empty states, endless lists, copying.

import { button, el, fill, icon } from "./dom.js";

const host = () => document.getElementById("app");

/** Say something for a moment; read out by screen readers. */
export function toast(text, tone = "plain") {
  let line = host().querySelector(".toasts");
  if (!line) {
    line = el("div", { class: "toasts", attrs: { role: "status", "aria-live": "polite" } });
    host().append(line);
  }
  const note = el("div", { class: `toast toast-${tone}` }, tone === "good" ? icon("check", 18) : null, el("span", {}, text));
  fill(line, note);
  setTimeout(() => note.remove(), 2800);
}

/** Tell the member what went wrong, with the number support asks for where the fault is ours. */
export function toastError(error) {
  const trace = error.status >= 500 && error.requestId ? `（编号 ${error.requestId.slice(0, 8)}）` : "";
  toast((error.message || "出了点问题，请稍后再试") + trace, "bad");
}

/** Show a sheet from below; `content(close)` returns what is in it. Resolves with what `close` was called with. */
export function sheet(title, content) {
  return new Promise((resolve) => {
    const before = document.activeElement;
    const behind = [...host().children];
    let veil = null;
    const close = (value) => {
      document.removeEventListener("keydown", onKey);
      window.removeEventListener("hashchange", onLeave);
      for (const node of behind) node.inert = false;
      veil.remove();
      if (before?.isConnected) before.focus();
      resolve(value);
    };
    const onKey = (event) => event.key === "Escape" && close();
    const onLeave = () => close();
    const heading = el("h2", { id: "sheet-title" }, title);
    const dismiss = button(icon("cross"), () => close(), { class: "icon-button", attrs: { "aria-label": "关闭" } });
    const panel = el(
      "div",
      { class: "sheet", tabIndex: -1, attrs: { role: "dialog", "aria-modal": "true", "aria-labelledby": "sheet-title" } },
      el("header", { class: "sheet-head" }, heading, dismiss),
      content(close),
    );
    veil = el("div", { class: "veil", on: { click: (event) => event.target === veil && close() } }, panel);
    for (const node of behind) node.inert = !node.classList.contains("toasts");
    document.addEventListener("keydown", onKey);
    window.addEventListener("hashchange", onLeave);
    host().append(veil);
    panel.focus();
  });
}

/** Ask yes or no; resolves to true only for yes. */
export async function confirm(title, text, yes) {
  const answer = await sheet(title, (close) =>
    el(
      "div",
      { class: "sheet-body" },
      el("p", { class: "soft" }, text),
      el(
        "div",
        { class: "pair" },
        button("再想想", () => close(false), { class: "button button-quiet" }),
        button(yes, () => close(true), { class: "button" }),
      ),
    ),
  );
  return answer === true;
}

/** Run `work` with the button busy, so that a second tap finds it closed. Errors become toasts; returns the result. */
export async function busy(trigger, work) {
  trigger.disabled = true;
  trigger.classList.add("is-busy");
  try {
    return await work();
  } catch (error) {
    toastError(error);
    return undefined;
  } finally {
    trigger.disabled = false;
    trigger.classList.remove("is-busy");
  }
}

/** Grey shapes in place of what is being loaded: one per given class name. */
export function skeleton(...shapes) {
  return el(
    "div",
    { class: "skeletons", attrs: { "aria-label": "加载中", role: "status" } },
    shapes.map((shape) => el("div", { class: `skeleton ${shape}` })),
  );
}

/** What is shown where there is nothing. */
export function empty(title, text, action = null) {
  const picture = el("img", { src: "/static/demo/empty.svg", alt: "", width: 148, height: 118 });
  return el("div", { class: "empty" }, picture, el("p", { class: "empty-title" }, title), el("p", { class: "soft" }, text), action);
}

/** What is shown when loading failed. */
export function failed(error, retry) {
  return empty("没能加载出来", error.message, button("再试一次", retry, { class: "button button-small" }));
}

/**
 * An endless list. `load(cursor)` answers a page, `add(rows)` shows its rows; the next page comes when the end
 * scrolls into view. `blank()` returns what to show when there is nothing at all.
 */
export function endless({ load, add, blank, placeholder }) {
  const end = el("div", { class: "endless-end" });
  let cursor = null;
  let loading = false;
  const watcher = new IntersectionObserver((seen) => seen.some((entry) => entry.isIntersecting) && more(), { rootMargin: "200px" });

  async function more() {
    if (loading) return;
    loading = true;
    fill(end, placeholder());
    try {
      const page = await load(cursor);
      const isFirst = cursor === null;
      cursor = page.next;
      add(page.results);
      fill(end, isFirst && page.results.length === 0 && blank());
      if (!cursor) {
        watcher.disconnect();
        if (!isFirst) fill(end, el("p", { class: "the-end" }, "没有更多了"));
      } else {
        // Asked anew, in case the page was too short to push the end out of view.
        watcher.unobserve(end);
        watcher.observe(end);
      }
    } catch (error) {
      watcher.disconnect();
      fill(end, failed(error, () => (watcher.observe(end), more())));
    } finally {
      loading = false;
    }
  }

  watcher.observe(end);
  return end;
}

/** A row of choices, one of them taken: `options` are {value, label}; `choose(value)` is called on a tap. */
export function pills(name, options, current, choose) {
  const row = el("div", { class: "pills", attrs: { role: "group", "aria-label": name } });
  for (const { value, label } of options) {
    const take = (event) => {
      for (const pill of row.children) pill.setAttribute("aria-pressed", String(pill === event.currentTarget));
      choose(value);
    };
    row.append(button(label, take, { class: "pill", attrs: { "aria-pressed": String(value === current) } }));
  }
  return row;
}

/** Put text on the clipboard and say so. */
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = el("textarea", { value: text, class: "off-screen" });
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  toast(`${what}已复制`, "good");
}

/** Count a number up to its value, unless the member asked for less motion. */
export function countUp(node, to, show, from = 0) {
  if (from === to || matchMedia("(prefers-reduced-motion: reduce)").matches) {
    node.textContent = show(to);
    return;
  }
  const start = performance.now();
  const step = (now) => {
    const part = Math.min((now - start) / 700, 1);
    node.textContent = show(Math.round(from + (to - from) * (1 - (1 - part) ** 3)));
    if (part < 1 && node.isConnected) requestAnimationFrame(step);
    else node.textContent = show(to);
  };
  node.textContent = show(from);
  requestAnimationFrame(step);
}
