#include "fib/link_tasks.h"

namespace perd::fib {

LinkTasks::Task& LinkTasks::task(const std::string& name) {
  const auto [it, fresh] = by_name_.try_emplace(name, static_cast<std::uint32_t>(tasks_.size()));
  if (fresh) {
    tasks_.emplace_back();
    tasks_.back().name = name;
  }
  return tasks_[it->second];
}

const LinkTasks::Task* LinkTasks::find(const std::string& name) const {
  const auto it = by_name_.find(name);
  return it == by_name_.end() ? nullptr : &tasks_[it->second];
}

bool LinkTasks::idle(const Task& t, TimePoint now) const {
  return shared_.writing && t.flying == What::kNone && !t.awaited && !(t.timer && now < *t.timer) &&
         shared_.ops.room() != 0;
}

Flight LinkTasks::flight_of(const Task& t) const {
  Flight f;
  f.kind = FlightKind::kLink;
  f.index = by_name_.find(t.name)->second;
  return f;
}

void LinkTasks::create(const LinkCreate& op, TimePoint now) {
  Task& t = task(op.name);
  if (!idle(t, now)) return;
  t.timer.reset();
  t.flying = What::kCreate;
  if (t.complete) {
    shared_.say(EventKind::kKernelRepaired, Severity::kWarning, "kernel",
                "link " + op.name + " was deleted, made again");
  }
  shared_.ops.push(op, flight_of(t));
}

void LinkTasks::change(const std::string& name, const LinkChange& op, const std::string& what,
                       TimePoint now) {
  Task& t = task(name);
  if (!idle(t, now)) return;
  if (now - t.changes_since > shared_.limits.repair_window) t.changes = 0, t.changes_since = now;
  ++t.changes;
  if (t.changes > shared_.limits.repairs) {
    t.timer = t.changes_since + shared_.limits.repair_window + shared_.limits.debounce;
    shared_.say(
        EventKind::kKernelRepaired, Severity::kError, "kernel",
        "link " + name + ": " + what + " is undone again and again, repairing it less often");
    return;
  }
  if (t.complete) {
    shared_.say(EventKind::kKernelRepaired, Severity::kWarning, "kernel",
                "link " + name + " was changed, set again: " + what);
  }
  t.timer.reset();
  t.flying = What::kChange;
  t.noticed = false;
  t.changing = op;
  shared_.ops.push(op, flight_of(t));
}

void LinkTasks::erase(const Link& link, TimePoint now) {
  Task& t = task(link.name);
  if (!idle(t, now)) return;
  t.timer.reset();
  t.flying = What::kErase;
  t.erasing = link.index;
  t.made = t.complete = false;
  shared_.ops.push(LinkErase{link.index}, flight_of(t));
}

std::optional<LinkDelta> LinkTasks::acked(std::uint32_t index, TimePoint now) {
  Task& t = tasks_[index];
  const What was = t.flying;
  t.flying = What::kNone;
  t.error = 0, t.attempts = 0, t.text.clear();
  switch (was) {
    case What::kNone:
      break;
    case What::kCreate:
      t.made = true;
      t.awaited = links_.find(t.name) == nullptr;
      if (t.awaited) t.timer = now + kAppearWithin;
      break;
    case What::kChange:
      if (!t.noticed) links_.assume(t.changing);  // else the notifications tell
      t.timer = now + shared_.limits.debounce;    // notifications of the time before may still come
      break;
    case What::kErase:
      return links_.lose(t.erasing);
  }
  return std::nullopt;
}

void LinkTasks::refused(std::uint32_t index, int error, const std::string& text, TimePoint now) {
  Task& t = tasks_[index];
  if (t.flying == What::kErase && means_gone(error)) {
    (void)acked(index, now);
    return;
  }
  const char* verb = t.flying == What::kCreate   ? "cannot make "
                     : t.flying == What::kChange ? "cannot change "
                                                 : "cannot delete ";
  const std::string words = verb + t.name + ": " + (text.empty() ? errno_text(error) : text);
  t.flying = What::kNone;
  if (t.error != error || t.text != words) {
    shared_.say(EventKind::kKernelRefused, Severity::kWarning, "kernel", words);
  }
  t.error = error;
  t.text = words;
  ++t.attempts;
  t.timer = now + backoff(shared_.limits, t.attempts);
}

void LinkTasks::link_seen(const Link& link) {
  const auto it = by_name_.find(link.name);
  if (it == by_name_.end()) return;
  Task& t = tasks_[it->second];
  t.noticed = true;
  if (!t.awaited) return;
  t.awaited = false;
  t.timer.reset();
}

void LinkTasks::complete(const std::string& name, bool is) {
  const auto it = by_name_.find(name);
  if (it != by_name_.end() && tasks_[it->second].flying == What::kNone) {
    tasks_[it->second].complete = is;
  } else if (is) {
    task(name).complete = true;
  }
}

bool LinkTasks::made(const std::string& name) const {
  const Task* t = find(name);
  return t != nullptr && t->made;
}

std::string LinkTasks::trouble(const std::string& name) const {
  const Task* t = find(name);
  return t != nullptr && t->error != 0 ? t->text : std::string{};
}

bool LinkTasks::busy() const { return pending() != 0; }

std::size_t LinkTasks::pending() const {
  std::size_t n = 0;
  for (const auto& t : tasks_) n += t.flying != What::kNone || t.awaited ? 1U : 0U;
  return n;
}

std::size_t LinkTasks::refused_count() const {
  std::size_t n = 0;
  for (const auto& t : tasks_) n += t.error != 0 ? 1U : 0U;
  return n;
}

Deadline LinkTasks::deadline() const {
  Deadline d;
  for (const auto& t : tasks_) d = earliest(d, t.timer);
  return d;
}

bool LinkTasks::due(TimePoint now, bool& dump) {
  bool any = false;
  for (auto& t : tasks_) {
    if (!is_due(t.timer, now)) continue;
    t.timer.reset();
    any = true;
    if (t.awaited) t.awaited = false, dump = true;
  }
  return any;
}

void LinkTasks::refusals(std::vector<Refusal>& out, std::size_t max) const {
  for (const auto& [name, i] : by_name_) {
    const Task& t = tasks_[i];
    if (out.size() >= max) return;
    if (t.error != 0) {
      out.push_back({ObjectKind::kLink, "link " + name, t.error, t.text, 1, t.attempts, t.timer});
    }
  }
}

}  // namespace perd::fib
