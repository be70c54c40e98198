// The statement: every entry with its reason.

import * as api from "../api.js";
import { button, el, icon } from "../dom.js";
import * as format from "../format.js";
import { empty, endless, skeleton } from "../ui.js";

const KINDS = { "": "全部", award: "获得", spend: "使用", refund: "退回", expire: "过期", take_back: "收回", repay: "补扣" };
const SHORT_KINDS = ["", "award", "spend", "refund", "expire"];
const LOOKS = {
  award: { image: "spark", tone: "warm" },
  spend: { image: "gift", tone: "blue" },
  refund: { image: "swap", tone: "green" },
  expire: { image: "clock", tone: "grey" },
  take_back: { image: "minus", tone: "grey" },
  repay: { image: "minus", tone: "grey" },
};

export default async function show({ body, isCurrent }) {
  body.append(skeleton("card", "line-tall", "line-tall", "line-tall"));
  const balance = await api.get("/points/balance");
  if (!isCurrent()) return;
  let kind = "";
  const results = el("div", {});
  const reload = () => results.replaceChildren(...list(kind));
  const tabs = SHORT_KINDS.map((value) =>
    button(
      KINDS[value],
      (event) => {
        kind = value;
        for (const tab of event.currentTarget.parentNode.children) tab.setAttribute("aria-pressed", String(tab === event.currentTarget));
        reload();
      },
      { class: "pill", attrs: { "aria-pressed": String(value === kind) } },
    ),
  );
  body.replaceChildren(totals(balance), expiring(balance), el("div", { class: "filters" }, el("div", { class: "pills", attrs: { role: "group", "aria-label": "类型" } }, tabs)), results);
  reload();
}

function totals(balance) {
  const parts = [
    ["可用", balance.balance],
    ["待入账", balance.pending],
    ["累计获得", balance.earned_total],
    ["累计使用", balance.spent_total],
  ];
  return el("dl", { class: "totals" }, parts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, format.points(value)))));
}

function expiring(balance) {
  if (balance.expiring.length === 0) return "";
  const lines = balance.expiring.map(({ on, points }) => el("li", {}, el("span", {}, `${format.day(on)} 到期`), el("b", {}, format.points(points))));
  return el("details", { class: "panel expiring" }, el("summary", {}, icon("clock", 18), el("span", { class: "grow" }, "积分到期安排"), icon("down", 18)), el("ul", {}, lines));
}

function list(kind) {
  const months = el("div", { class: "months" });
  let last = null;
  const add = (rows) => {
    for (const row of rows) {
      const month = format.dayOf(row.occurred_at).slice(0, 7);
      if (month !== last?.month) {
        const [year, number] = month.split("-").map(Number);
        last = { month, rows: el("ul", { class: "entries" }) };
        months.append(el("section", { class: "panel month-block" }, el("h2", {}, `${year}年${number}月`), last.rows));
      }
      last.rows.append(entry(row));
    }
  };
  const end = endless({
    load: (cursor) => api.get("/points/entries", { kind, cursor }),
    add,
    blank: () => empty("还没有积分记录", "签到、购物、写评价都能得积分"),
    placeholder: () => skeleton("line-tall", "line-tall"),
  });
  return [months, end];
}

function entry(row) {
  const { image, tone } = LOOKS[row.kind] ?? LOOKS.award;
  const amount = el("span", { class: row.amount < 0 ? "amount" : "amount is-plus" }, format.signed(row.amount));
  const line = [
    el("span", { class: `entry-icon tone-${tone}` }, icon(image, 18)),
    el("span", { class: "grow" }, el("b", {}, row.title), el("span", { class: "soft" }, format.moment(row.occurred_at))),
    el("span", { class: "entry-end" }, amount, el("span", { class: "soft" }, `余额 ${format.points(row.balance_after)}`)),
  ];
  const lines = row.breakdown?.lines ?? [];
  if (lines.length === 0) return el("li", { class: "entry" }, line);
  const steps = lines.map((step) => el("li", {}, el("span", {}, step.text), el("b", {}, format.signed(step.points))));
  return el(
    "li",
    {},
    el("details", { class: "entry-details" }, el("summary", { class: "entry" }, line), el("ul", { class: "breakdown", attrs: { "aria-label": "积分构成" } }, steps)),
  );
}
