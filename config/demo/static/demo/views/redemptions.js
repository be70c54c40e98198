// My redemptions, newest first.

import * as api from "../api.js";
import { el, fill, link } from "../dom.js";
import * as format from "../format.js";
import { STATUS, picture, statusLabel } from "../parts.js";
import { empty, endless, pills, skeleton } from "../ui.js";

const KINDS = ["", "fulfilling", "shipped", "completed", "cancelled"];

export default function show({ body }) {
  let status = "";
  const results = el("div", {});
  const reload = () => fill(results, ...list(status));
  const choose = (value) => {
    status = value;
    reload();
  };
  const options = KINDS.map((value) => ({ value, label: value ? STATUS[value].text : "全部" }));
  fill(body, el("div", { class: "filters" }, pills("状态", options, status, choose)), results);
  reload();
}

function list(status) {
  const rows = el("ul", { class: "orders" });
  const end = endless({
    load: (cursor) => api.get("/mall/redemptions", { status, cursor }),
    add: (page) => rows.append(...page.map(order)),
    blank: () => empty("还没有兑换记录", "攒下的积分，正好换一份小确幸", link("#/mall", { class: "button button-small" }, "去商城看看")),
    placeholder: () => skeleton("line-tall", "line-tall"),
  });
  return [rows, end];
}

function order(redemption) {
  const { item } = redemption;
  return el(
    "li",
    {},
    link(
      `#/redemption/${redemption.no}`,
      { class: "panel order" },
      el("span", { class: "order-head" }, el("span", { class: "soft" }, format.moment(redemption.created_at)), statusLabel(redemption.status)),
      el(
        "span",
        { class: "order-line" },
        picture(item, "picture-mini"),
        el("span", { class: "grow" }, el("b", {}, item.title), el("span", { class: "soft" }, `× ${redemption.quantity}`)),
        el("span", { class: "order-points" }, `${format.points(redemption.points)} 积分`),
      ),
    ),
  );
}
