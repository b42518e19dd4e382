// LinkTasks: operations on links, one at a time per link name; their answers, retries, and the
// brake on fights. DeviceBuilder says what is wanted, as often as it likes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fib/link_table.h"
#include "fib/shared.h"

namespace perd::fib {

class LinkTasks {
 public:
  LinkTasks(Shared& shared, LinkTable& links) : shared_(shared), links_(links) {}

  // Each is ignored while the link's last operation is not answered or its retry is not due.
  void create(const LinkCreate& op, TimePoint now);
  void change(const std::string& name, const LinkChange& op, const std::string& what,
              TimePoint now);
  void erase(const Link& link, TimePoint now);

  // The answer; what an accepted erase means for the link table.
  [[nodiscard]] std::optional<LinkDelta> acked(std::uint32_t index, TimePoint now);
  void refused(std::uint32_t index, int error, const std::string& text, TimePoint now);
  void link_seen(const Link& link);

  // The link is as it should be: from now on a change is a repair. False: start anew.
  void complete(const std::string& name, bool is);
  [[nodiscard]] bool made(const std::string& name) const;  // by this run
  // "cannot make vni100: not supported"; empty when all is well.
  [[nodiscard]] std::string trouble(const std::string& name) const;
  [[nodiscard]] bool busy() const;
  [[nodiscard]] Deadline deadline() const;
  // Deadlines passed: links should be looked at again; `dump`: one that was made never showed up.
  [[nodiscard]] bool due(TimePoint now, bool& dump);
  void refusals(std::vector<Refusal>& out, std::size_t max) const;
  [[nodiscard]] std::size_t pending() const;
  [[nodiscard]] std::size_t refused_count() const;

 private:
  enum class What : std::uint8_t { kNone, kCreate, kChange, kErase };
  struct Task {
    std::string name;
    What flying = What::kNone;
    LinkChange changing;
    IfIndex erasing{};
    bool made = false;      // we created it, and it has not gone since
    bool awaited = false;   // created; its notification is still to come
    bool noticed = false;   // a notification came while the operation was on its way
    bool complete = false;  // it needed nothing at some time: a change now is a repair
    int error = 0;
    std::string text;
    unsigned attempts = 0;
    unsigned changes = 0;
    TimePoint changes_since{};
    Deadline timer;  // nothing is done before
  };
  Task& task(const std::string& name);
  [[nodiscard]] const Task* find(const std::string& name) const;
  [[nodiscard]] bool idle(const Task& t, TimePoint now) const;
  [[nodiscard]] Flight flight_of(const Task& t) const;

  static constexpr Duration kAppearWithin = std::chrono::seconds(1);

  Shared& shared_;
  LinkTable& links_;
  std::map<std::string, std::uint32_t> by_name_;
  std::vector<Task> tasks_;
};

}  // namespace perd::fib
