// One redemption: where it stands, its code or parcel, and what can still be done.

import * as api from "../api.js";
import { button, el, fill, icon, link } from "../dom.js";
import * as format from "../format.js";
import { STATUS, picture } from "../parts.js";
import { busy, confirm, copy, skeleton, toast } from "../ui.js";

const STEPS = { coupon: ["paid", "completed"], goods: ["fulfilling", "shipped", "completed"] };
const STEP_NAMES = { paid: "已兑换", fulfilling: "待发货", shipped: "已发货", completed: "已完成" };
const SAYINGS = {
  paid: "正在为你处理，请稍候片刻",
  fulfilling: "我们正在打包，发出后会更新物流信息",
  shipped: "包裹已经出发，留意快递电话",
  completed: "感谢兑换，愿它带来一点小快乐",
  cancelled: "积分已退回你的账户",
};
const CODE_TRIES = 20;

export default async function show({ body, foot, isCurrent, refresh }, no) {
  body.append(skeleton("card", "line-tall", "line"));
  let redemption = await api.get(`/mall/redemptions/${no}`);
  for (let attempt = 0; isCurrent(); attempt += 1) {
    draw({ body, foot, refresh }, redemption);
    // Codes and the shipping queue are filled by a job, a moment after paying.
    if (redemption.status !== "paid" || attempt >= CODE_TRIES) return;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    redemption = await api.get(`/mall/redemptions/${no}`);
  }
}

function draw({ body, foot, refresh }, redemption) {
  fill(
    body,
    head(redemption),
    ...(redemption.codes ?? []).map(code),
    redemption.status === "paid" && redemption.item.type === "coupon" ? waiting() : null,
    redemption.tracking ? parcel(redemption.tracking) : null,
    facts(redemption),
  );
  fill(foot, ...actions(redemption, refresh));
}

function head(redemption) {
  const reason = redemption.status === "cancelled" && redemption.cancel_reason ? `：${redemption.cancel_reason}` : "";
  return el(
    "section",
    { class: `status-head status-${redemption.status}` },
    el("h2", {}, STATUS[redemption.status].text + reason),
    el("p", {}, SAYINGS[redemption.status] ?? ""),
    redemption.status === "cancelled" ? null : steps(redemption),
  );
}

function steps(redemption) {
  const names = STEPS[redemption.item.type];
  const reached = redemption.status === "paid" ? 0 : names.indexOf(redemption.status);
  const parts = names.map((name, index) => el("li", { class: index <= reached ? "is-done" : "", attrs: { "aria-current": index === reached ? "step" : null } }, STEP_NAMES[name]));
  return el("ol", { class: "steps" }, parts);
}

function code(text) {
  const take = button([icon("copy", 16), "复制"], () => copy(text, "券码"), { class: "button button-small" });
  return el(
    "section",
    { class: "coupon" },
    el("span", { class: "soft" }, "兑换码"),
    el("div", { class: "coupon-line" }, el("code", {}, text), take),
    el("span", { class: "soft fine" }, "使用方法见商品说明，请勿泄露给他人"),
  );
}

function waiting() {
  return el("section", { class: "coupon", attrs: { "aria-busy": "true" } }, el("span", { class: "soft" }, "兑换码正在生成…"), skeleton("line"));
}

function parcel(tracking) {
  const take = button([icon("copy", 16), "复制"], () => copy(tracking.tracking_no, "单号"), { class: "button button-small button-quiet" });
  return el(
    "section",
    { class: "panel parcel" },
    el("span", { class: "task-icon tone-blue" }, icon("truck", 24)),
    el("div", { class: "grow" }, el("b", {}, `${tracking.carrier} ${tracking.tracking_no}`), el("span", { class: "soft" }, `${format.moment(tracking.shipped_at)} 发出`)),
    take,
  );
}

function facts(redemption) {
  const { item } = redemption;
  const rows = [
    ["数量", `× ${redemption.quantity}`],
    ["实付", `${format.points(redemption.points)} 积分`],
    ["兑换单号", redemption.no],
    ["兑换时间", format.moment(redemption.created_at)],
  ];
  return el(
    "section",
    { class: "panel" },
    link(`#/item/${item.id}`, { class: "order-line plain" }, picture(item, "picture-mini"), el("span", { class: "grow" }, el("b", {}, item.title)), icon("right", 18)),
    el("dl", { class: "facts" }, rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
  );
}

function actions(redemption, refresh) {
  const { no, status } = redemption;
  if (status === "shipped") {
    const confirmReceipt = async (event) => {
      const trigger = event.currentTarget;
      if (!(await confirm("确认收货", "收到商品并确认无误后再确认哦。", "确认收货"))) return;
      if (await busy(trigger, () => api.post(`/mall/redemptions/${no}/receipt`, {}))) refresh();
    };
    return [el("div", { class: "buy-bar" }, button("确认收货", confirmReceipt, { class: "button button-wide" }))];
  }
  if (status !== "paid" && status !== "fulfilling") return [];
  const key = api.newKey();
  const cancel = async (event) => {
    const trigger = event.currentTarget;
    if (!(await confirm("取消兑换", `取消后，${format.points(redemption.points)} 积分会原路退回。`, "取消兑换"))) return;
    const done = await busy(trigger, () => api.post(`/mall/redemptions/${no}/cancel`, {}, { key }));
    if (done) toast("已取消，积分已退回", "good");
    refresh();
  };
  return [el("div", { class: "buy-bar" }, button("取消兑换", cancel, { class: "button button-quiet button-wide", id: "cancel" }))];
}
