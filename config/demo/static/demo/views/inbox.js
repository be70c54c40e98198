// The inbox: what the mall told me. Opening a notice marks it as read.

import * as api from "../api.js";
import { button, el, icon } from "../dom.js";
import * as format from "../format.js";
import { empty, endless, skeleton, toastError } from "../ui.js";

const ICONS = { points_expiring: "clock" };

export default async function show({ body }) {
  const list = el("ul", { class: "inbox" });
  const end = endless({
    load: (cursor) => api.get("/inbox", { cursor }),
    add: (rows) => list.append(...rows.map(notice)),
    blank: () => empty("还没有消息", "积分快到期时会在这里提醒你"),
    placeholder: () => skeleton("line-tall", "line-tall"),
  });
  body.append(list, end);
}

function notice(row) {
  const line = el("li", { class: row.read_at ? "panel" : "panel is-unread" });
  const open = async () => {
    if (!line.classList.contains("is-unread")) return;
    line.classList.remove("is-unread");
    try {
      await api.post(`/inbox/${row.id}/read`, {});
    } catch (error) {
      line.classList.add("is-unread");
      toastError(error);
    }
  };
  const text = [el("b", {}, row.title), el("span", {}, row.body), el("span", { class: "soft fine" }, format.moment(row.created_at))];
  line.append(button([icon(ICONS[row.kind] ?? "bell", 20), el("span", { class: "inbox-text" }, text)], open, { class: "inbox-notice" }));
  return line;
}
