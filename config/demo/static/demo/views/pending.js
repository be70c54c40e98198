// Points that wait: until when, or held until somebody has looked at them.

import * as api from "../api.js";
import { el, fill, icon } from "../dom.js";
import * as format from "../format.js";
import { empty, endless, skeleton } from "../ui.js";

export default async function show({ body }) {
  const rows = el("ul", { class: "entries panel", hidden: true });
  const end = endless({
    load: (cursor) => api.get("/points/pending", { cursor }),
    add: (page) => {
      rows.hidden = rows.hidden && page.length === 0;
      rows.append(...page.map(line));
    },
    blank: () => empty("没有待入账积分", "购物得到的积分会先在这里等待退货期结束"),
    placeholder: () => skeleton("line-tall", "line-tall"),
  });
  fill(body, rows, end);
}

function line(row) {
  const steps = row.breakdown?.lines ?? [];
  const when = row.held ? "审核中，通过后入账" : `${format.moment(row.available_at)} 入账`;
  const parts = [
    el("span", { class: `entry-icon tone-${row.held ? "grey" : "warm"}` }, icon(row.held ? "lock" : "clock", 18)),
    el("span", { class: "grow" }, el("b", {}, row.title, steps.length ? icon("down", 15) : null), el("span", { class: "soft" }, when)),
    el("span", { class: "entry-end" }, el("span", { class: "amount is-plus" }, format.signed(row.points)), row.held ? el("span", { class: "label label-grey" }, "审核中") : null),
  ];
  if (steps.length === 0) return el("li", { class: "entry" }, parts);
  const lines = steps.map((step) => el("li", {}, el("span", {}, step.text), el("b", {}, format.signed(step.points))));
  return el(
    "li",
    {},
    el("details", { class: "entry-details" }, el("summary", { class: "entry" }, parts), el("ul", { class: "breakdown", attrs: { "aria-label": "积分构成" } }, lines)),
  );
}
