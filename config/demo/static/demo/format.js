// Numbers, money and times as members read them. Business days are days in Shanghai, wherever the phone is.

const ZONE = "Asia/Shanghai";
const whole = new Intl.NumberFormat("zh-CN");
const dayParts = new Intl.DateTimeFormat("en-CA", { timeZone: ZONE, year: "numeric", month: "2-digit", day: "2-digit" });
const clock = new Intl.DateTimeFormat("en-GB", { timeZone: ZONE, hour: "2-digit", minute: "2-digit" });

/** 3611 -> "3,611" */
export const points = (count) => whole.format(count);

/** 389 -> "+389", -100 -> "−100" */
export const signed = (count) => (count < 0 ? "−" : "+") + whole.format(Math.abs(count));

/** 5900 -> "¥59", 1290 -> "¥12.9" */
export const yuan = (fen) => `¥${Number((fen / 100).toFixed(2))}`;

/** A moment as the business day it falls on: "2026-11-23". */
export const dayOf = (moment) => dayParts.format(new Date(moment));

/** "20:15" */
export const clockOf = (moment) => clock.format(new Date(moment));

export const today = () => dayOf(Date.now());

/** "2026-11-30" -> "11月30日"; with the year when it is not this one. */
export function day(text) {
  const [year, month, date] = text.split("-").map(Number);
  const short = `${month}月${date}日`;
  return year === Number(today().slice(0, 4)) ? short : `${year}年${short}`;
}

/** A moment as "今天 20:15", "昨天 20:15" or "11月9日 20:15". */
export function moment(text) {
  const on = dayOf(text);
  const near = { [today()]: "今天", [addDays(today(), -1)]: "昨天", [addDays(today(), 1)]: "明天" };
  return `${near[on] ?? day(on)} ${clockOf(text)}`;
}

/** "2026-11-30", 1 -> "2026-12-01" */
export function addDays(text, count) {
  const at = new Date(`${text}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + count);
  return at.toISOString().slice(0, 10);
}

/** Whole days from today to a day; 0 is today. */
export const daysUntil = (text) => Math.round((Date.parse(text) - Date.parse(today())) / 86_400_000);

/** "2026-11", -1 -> "2026-10" */
export function addMonths(text, count) {
  const [year, month] = text.split("-").map(Number);
  const index = year * 12 + month - 1 + count;
  return `${Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, "0")}`;
}
