// Giving points to another member: the form with its limits, and what was given and received.

import * as api from "../api.js";
import { button, el, fill, icon } from "../dom.js";
import * as format from "../format.js";
import { busy, confirm, empty, endless, pills, skeleton, toast } from "../ui.js";

const DIRECTIONS = [
  { value: "", label: "全部" },
  { value: "sent", label: "我赠送的" },
  { value: "received", label: "我收到的" },
];

export default async function show({ body, isCurrent, refresh }) {
  body.append(skeleton("card", "line-tall", "line-tall"));
  const [terms, balance] = await Promise.all([api.get("/points/transfers/terms"), api.get("/points/balance")]);
  if (!isCurrent()) return;
  let direction = "";
  const results = el("div", {});
  const reload = () => fill(results, ...list(direction));
  const choose = (value) => {
    direction = value;
    reload();
  };
  fill(body, form(terms, balance, refresh), el("div", { class: "filters" }, pills("方向", DIRECTIONS, direction, choose)), results);
  reload();
}

function obstacle(terms) {
  if (!terms.open) return "积分赠送暂未开放";
  if (!terms.tier_ok) return "当前等级还不能赠送积分，升级后再来吧";
  if (terms.daily_count_left === 0 || terms.daily_points_left === 0) return "今天的赠送额度已用完，明天再来吧";
  return null;
}

function form(terms, balance, refresh) {
  const blocked = obstacle(terms);
  const title = el("div", { class: "panel-head" }, el("h2", { class: "grow" }, "赠送积分"), el("span", { class: "soft" }, `可用 ${format.points(balance.balance)}`));
  if (blocked) return el("section", { class: "panel" }, title, el("p", { class: "soft" }, blocked));
  const inputs = {
    to_member_no: field("对方会员号", { inputMode: "numeric", maxLength: 20, required: true, placeholder: "10 位数字" }),
    points: field("积分数量", { type: "number", inputMode: "numeric", min: 1, max: terms.max_points, step: 1, required: true }),
    message: field("留言（选填）", { maxLength: 100, placeholder: "一点心意" }),
  };
  const limits = `单次最多 ${format.points(terms.max_points)}；今天还可赠送 ${format.points(terms.daily_points_left)} 积分、${terms.daily_count_left} 次。积分到期日不变，送出后不能撤回。`;
  const send = el("button", { class: "button button-wide", type: "submit", id: "give" }, icon("gift", 20), "赠送");
  let key = api.newKey();
  const submit = async (event) => {
    event.preventDefault();
    const points = Number(inputs.points.input.value);
    const wish = { to_member_no: inputs.to_member_no.input.value.trim(), points, message: inputs.message.input.value.trim() };
    if (!(await confirm("确认赠送", `将 ${format.points(points)} 积分赠送给会员 ${wish.to_member_no}，送出后不能撤回。`, "确认赠送"))) return;
    for (const one of Object.values(inputs)) one.error.textContent = "";
    const made = await busy(send, async () => {
      try {
        return await api.post("/points/transfers", wish, { key });
      } catch (error) {
        for (const [name, one] of Object.entries(inputs)) one.error.textContent = error.fields?.[name]?.[0] ?? "";
        if (["receiver_unknown", "receiver_unavailable", "transfer_to_self"].includes(error.code)) inputs.to_member_no.error.textContent = error.message;
        if (["transfer_limit", "insufficient_points"].includes(error.code)) inputs.points.error.textContent = explain(error);
        // A refusal is the answer to this key; what is sent next is another intent.
        if (!error.isPassing) key = api.newKey();
        throw error;
      }
    });
    if (!made) return;
    toast(`已赠送 ${format.points(made.points)} 积分`, "good");
    refresh();
  };
  const lines = Object.values(inputs).map(({ label, input, error }) => el("label", { class: "field" }, el("span", {}, label), input, error));
  return el("section", { class: "panel" }, title, el("form", { class: "gift-form", on: { submit } }, lines, el("p", { class: "soft fine" }, limits), send));
}

function explain(error) {
  if (error.code === "insufficient_points") return `积分不足，还差 ${format.points(error.detail.missing_points)}`;
  const { limit, size, left } = error.detail;
  const texts = {
    per_transfer: `单次最多赠送 ${format.points(size)} 积分`,
    daily_points: `每天最多赠送 ${format.points(size)} 积分，今天还可赠送 ${format.points(left)}`,
    daily_count: `每天最多赠送 ${size} 次`,
  };
  return texts[limit] ?? error.message;
}

function field(label, options) {
  return { label, input: el("input", { type: "text", ...options }), error: el("span", { class: "field-error", attrs: { role: "alert" } }) };
}

function list(direction) {
  const rows = el("ul", { class: "entries panel", hidden: true });
  const end = endless({
    load: (cursor) => api.get("/points/transfers", { direction, cursor }),
    add: (page) => {
      rows.hidden = rows.hidden && page.length === 0;
      rows.append(...page.map(line));
    },
    blank: () => empty("还没有赠送记录", "把积分送给家人朋友，积分有效期不变"),
    placeholder: () => skeleton("line-tall", "line-tall"),
  });
  return [rows, end];
}

function line(row) {
  const sent = row.direction === "sent";
  const who = `${sent ? "赠送给" : "收到"} ${row.member.nickname || row.member.no}${sent ? "" : " 的赠送"}`;
  const undone = row.status === "reversed" ? el("span", { class: "label label-grey" }, "已收回") : null;
  return el(
    "li",
    { class: "entry" },
    el("span", { class: `entry-icon tone-${sent ? "blue" : "warm"}` }, icon("gift", 18)),
    el("span", { class: "grow" }, el("b", {}, who, undone), el("span", { class: "soft" }, row.message ? `“${row.message}” · ${format.moment(row.created_at)}` : format.moment(row.created_at))),
    el("span", { class: "entry-end" }, el("span", { class: sent ? "amount" : "amount is-plus" }, format.signed(sent ? -row.points : row.points)), el("span", { class: "soft" }, `No. ${row.member.no}`)),
  );
}
