// The statement: every entry with its reason.

import * as api from "../api.js";
import { el, fill, icon } from "../dom.js";
import * as format from "../format.js";
import { empty, endless, pills, skeleton } from "../ui.js";

const KINDS = [
  { value: "", label: "全部" },
  { value: "award", label: "获得" },
  { value: "spend", label: "使用" },
  { value: "refund", label: "退回" },
  { value: "expire", label: "过期" },
  { value: "transfer_out", label: "送出" },
  { value: "transfer_in", label: "收到" },
];
const LOOKS = {
  award: { image: "spark", tone: "warm" },
  spend: { image: "gift", tone: "blue" },
  refund: { image: "swap", tone: "green" },
  expire: { image: "clock", tone: "grey" },
  take_back: { image: "minus", tone: "grey" },
  repay: { image: "minus", tone: "grey" },
  transfer_out: { image: "swap", tone: "blue" },
  transfer_in: { image: "gift", tone: "warm" },
  adjust: { image: "pen", tone: "grey" },
};

export default async function show({ body, isCurrent }) {
  body.append(skeleton("card", "line-tall", "line-tall", "line-tall"));
  const balance = await api.get("/points/balance");
  if (!isCurrent()) return;
  let kind = "";
  const results = el("div", {});
  const reload = () => fill(results, ...list(kind));
  const choose = (value) => {
    kind = value;
    reload();
  };
  fill(body, totals(balance), expiring(balance), el("div", { class: "filters" }, pills("类型", KINDS, kind, choose)), results);
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
  if (balance.expiring.length === 0) return null;
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
  const steps = row.breakdown?.lines ?? [];
  const { image, tone } = LOOKS[row.kind] ?? LOOKS.award;
  const amount = el("span", { class: row.amount < 0 ? "amount" : "amount is-plus" }, format.signed(row.amount));
  const line = [
    el("span", { class: `entry-icon tone-${tone}` }, icon(image, 18)),
    el("span", { class: "grow" }, el("b", {}, row.title, steps.length ? icon("down", 15) : null), el("span", { class: "soft" }, format.moment(row.occurred_at))),
    el("span", { class: "entry-end" }, amount, el("span", { class: "soft" }, `余额 ${format.points(row.balance_after)}`)),
  ];
  if (steps.length === 0) return el("li", { class: "entry" }, line);
  const lines = steps.map((step) => el("li", {}, el("span", {}, step.text), el("b", {}, format.signed(step.points))));
  return el(
    "li",
    {},
    el("details", { class: "entry-details" }, el("summary", { class: "entry" }, line), el("ul", { class: "breakdown", attrs: { "aria-label": "积分构成" } }, lines)),
  );
}
