#include "runtime/lane/timer_wheel.hpp"

#include <bit>

namespace troupe {

namespace {

std::uint64_t tick_at_or_after(timestamp t) {
  const auto ms = t.ms < 0 ? 0 : t.ms;
  return static_cast<std::uint64_t>((ms + timer_wheel::tick_ms - 1) / timer_wheel::tick_ms);
}

std::uint64_t tick_at_or_before(timestamp t) {
  return static_cast<std::uint64_t>((t.ms < 0 ? 0 : t.ms) / timer_wheel::tick_ms);
}

}  // namespace

timer_wheel::timer_wheel(timestamp start) : nodes_(1), current_(tick_at_or_before(start)) {}

timer_id timer_wheel::add(timestamp when, timer_target& target) {
  std::uint32_t index = free_;
  if (index != 0) {
    free_ = nodes_[index].next;
  } else {
    index = static_cast<std::uint32_t>(nodes_.size());
    nodes_.emplace_back();
  }
  auto& entry = nodes_[index];
  entry.target = &target;
  entry.tick = std::max(tick_at_or_after(when), current_ + 1);
  link(index);
  ++count_;
  return index;
}

void timer_wheel::cancel(timer_id id) {
  if (id == 0 || id >= nodes_.size() || nodes_[id].target == nullptr)
    return;
  unlink(id);
  nodes_[id].target = nullptr;
  nodes_[id].next = free_;
  free_ = id;
  --count_;
}

void timer_wheel::link(std::uint32_t index) {
  auto& entry = nodes_[index];
  const auto distance = entry.tick - current_;
  unsigned level = 0;
  while (level + 1 < levels && distance >= (std::uint64_t{1} << (8 * (level + 1))))
    ++level;
  // Farther than the wheel reaches: parked in the last slot of the top level, sorted again there.
  const auto reach = current_ + (std::uint64_t{1} << (8 * levels)) - 1;
  const auto tick = std::min(entry.tick, reach);
  const auto place = static_cast<unsigned>((tick >> (8 * level)) & (slots - 1));
  entry.slot = static_cast<std::uint16_t>(level * slots + place);
  entry.next = heads_[entry.slot];
  entry.previous = 0;
  if (entry.next != 0)
    nodes_[entry.next].previous = index;
  heads_[entry.slot] = index;
  occupied_[level][place / 64] |= std::uint64_t{1} << (place % 64);
}

void timer_wheel::unlink(std::uint32_t index) {
  auto& entry = nodes_[index];
  if (entry.previous != 0)
    nodes_[entry.previous].next = entry.next;
  else
    heads_[entry.slot] = entry.next;
  if (entry.next != 0)
    nodes_[entry.next].previous = entry.previous;
  if (heads_[entry.slot] == 0) {
    const auto place = entry.slot % slots;
    occupied_[entry.slot / slots][place / 64] &= ~(std::uint64_t{1} << (place % 64));
  }
}

void timer_wheel::step() {
  // Entering a new stretch of a higher level: its timers are sorted into the lower ones.
  for (unsigned level = levels - 1; level >= 1; --level) {
    if ((current_ & ((std::uint64_t{1} << (8 * level)) - 1)) != 0)
      continue;
    const auto slot =
        level * slots + static_cast<unsigned>((current_ >> (8 * level)) & (slots - 1));
    while (const auto index = heads_[slot]) {
      unlink(index);
      // A timer due this very tick goes into the slot that is fired right below.
      link(index);
      if (heads_[slot] == index)
        break;
    }
  }
  const auto slot = static_cast<unsigned>(current_ & (slots - 1));
  while (const auto index = heads_[slot]) {
    auto* target = nodes_[index].target;
    cancel(index);
    target->on_timer();
  }
}

std::optional<std::uint64_t> timer_wheel::next_tick() const {
  std::optional<std::uint64_t> best;
  for (unsigned level = 0; level < levels; ++level) {
    const unsigned shift = 8 * level;
    const auto base = current_ >> shift;
    for (unsigned ahead = 1; ahead <= slots; ++ahead) {
      const auto place = static_cast<unsigned>((base + ahead) & (slots - 1));
      const auto word = occupied_[level][place / 64] >> (place % 64);
      if (word == 0) {  // nothing in the rest of this word
        ahead += 63 - place % 64;
        continue;
      }
      ahead += static_cast<unsigned>(std::countr_zero(word));
      if (ahead <= slots) {
        const auto tick = (base + ahead) << shift;
        if (!best || tick < *best)
          best = tick;
      }
      break;
    }
  }
  return best;
}

void timer_wheel::advance(timestamp now) {
  const auto target = tick_at_or_before(now);
  while (current_ < target) {
    const auto next = next_tick();
    if (!next || *next > target) {
      current_ = target;
      return;
    }
    current_ = *next;
    step();
  }
}

std::optional<timestamp> timer_wheel::next_due() const {
  const auto tick = next_tick();
  if (!tick)
    return std::nullopt;
  return timestamp{static_cast<std::int64_t>(*tick) * tick_ms};
}

}  // namespace troupe
