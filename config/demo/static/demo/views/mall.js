// The mall: shelves, order, and what can be redeemed.

import * as api from "../api.js";
import { el, fill, icon, link } from "../dom.js";
import * as format from "../format.js";
import { obstacle, picture, price } from "../parts.js";
import { empty, endless, pills, skeleton } from "../ui.js";

const ORDERS = [
  { value: "", label: "推荐" },
  { value: "price_points", label: "积分从低到高" },
  { value: "-price_points", label: "积分从高到低" },
  { value: "newest", label: "最新" },
];
const FEW = 5;
// Kept while the page lives, so that coming back from an item finds the shelf as it was left.
const chosen = { category: "", ordering: "", affordable: false };

export default async function show({ body, isCurrent }) {
  body.append(skeleton("line", "tiles", "tiles"));
  const [balance, categories] = await Promise.all([api.get("/points/balance"), api.get("/mall/categories")]);
  if (!isCurrent()) return;
  const results = el("div", {});
  const reload = () => fill(results, ...grid());
  fill(body, head(balance), filters(categories, reload), results);
  reload();
}

function head(balance) {
  return el(
    "section",
    { class: "mall-head" },
    el("div", {}, el("span", { class: "soft" }, "可用积分"), el("strong", {}, format.points(balance.balance))),
    link("#/redemptions", { class: "mall-mine" }, icon("ticket", 18), "我的兑换"),
  );
}

function filters(categories, reload) {
  const shelves = [{ value: "", label: "全部" }, ...categories.map(({ id, name }) => ({ value: id, label: name }))];
  const choose = (value) => {
    chosen.category = value;
    reload();
  };
  const order = el(
    "select",
    { class: "select", on: { change: (event) => ((chosen.ordering = event.target.value), reload()) }, attrs: { "aria-label": "排序" } },
    ORDERS.map(({ value, label }) => el("option", { value, selected: value === chosen.ordering }, label)),
  );
  const affordable = el("input", {
    type: "checkbox",
    checked: chosen.affordable,
    on: { change: (event) => ((chosen.affordable = event.target.checked), reload()) },
  });
  return el(
    "div",
    { class: "filters" },
    pills("分类", shelves, chosen.category, choose),
    el("div", { class: "filter-line" }, order, el("label", { class: "switch" }, affordable, el("span", { class: "knob" }), "只看积分够的")),
  );
}

function grid() {
  const cells = el("ul", { class: "grid" });
  const end = endless({
    load: (cursor) =>
      api.get("/mall/items", { category: chosen.category, ordering: chosen.ordering, affordable: chosen.affordable ? "true" : "", cursor, page_size: 12 }),
    add: (rows) => cells.append(...rows.map(cell)),
    blank: () => empty("这里还没有商品", "换个分类看看，或先去赚点积分"),
    placeholder: () => skeleton("tiles"),
  });
  return [cells, end];
}

function cell(item) {
  const blocked = obstacle(item);
  const isGone = blocked?.tone === "gone";
  const few = !blocked && item.stock_left <= FEW ? el("span", { class: "flag flag-few" }, `仅剩 ${item.stock_left} 件`) : null;
  const flag = blocked && blocked.tone !== "short" ? el("span", { class: `flag flag-${blocked.tone}` }, blocked.image ? icon(blocked.image, 13) : null, blocked.text) : few;
  const short = blocked?.tone === "short" ? el("span", { class: "mini mini-short" }, blocked.text) : null;
  return el(
    "li",
    {},
    link(
      `#/item/${item.id}`,
      { class: `goods${isGone ? " is-gone" : ""}` },
      picture(item, "picture-cell"),
      flag,
      el(
        "span",
        { class: "goods-text" },
        el("span", { class: "goods-title" }, item.title),
        el("span", { class: "goods-price" }, price(item.price_points), item.market_price_fen ? el("s", {}, format.yuan(item.market_price_fen)) : null),
        short,
      ),
    ),
  );
}
