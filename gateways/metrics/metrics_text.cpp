#include "gateways/metrics/metrics_text.hpp"

#include <charconv>

namespace troupe {

namespace {

std::string number_text(double number) {
  char room[32];
  const auto end = std::to_chars(room, room + sizeof room, number).ptr;
  return {room, end};
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '\\' || c == '"')
      out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
}

}  // namespace

metrics_format metrics_format_for(std::string_view accept) {
  return accept.find("application/openmetrics-text") != std::string_view::npos
             ? metrics_format::open_metrics
             : metrics_format::prometheus;
}

std::string_view metrics_content_type(metrics_format format) {
  return format == metrics_format::open_metrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

metrics_text::metrics_text(metrics_format format, std::string_view prefix) : format_(format) {
  if (!prefix.empty())
    prefix_ = std::string{prefix} + "_";
}

void metrics_text::begin(const metric_row& family) {
  name_ = prefix_ + std::string{family.name};
  constexpr std::string_view total = "_total";
  auto shown = name_;
  auto type = metric_kind_text(family.kind);
  if (format_ == metrics_format::open_metrics && family.kind == metric_kind::counter) {
    if (shown.ends_with(total))
      shown.resize(shown.size() - total.size());
    else
      type = "unknown";
  }
  text_ += "# HELP " + shown + " ";
  text_ += family.description;
  text_ += "\n# TYPE " + shown + " ";
  text_ += type;
  text_ += '\n';
}

void metrics_text::sample(std::string_view suffix, labels of, std::string_view last_name,
                          std::string_view last_value, std::string_view number) {
  text_ += name_;
  text_ += suffix;
  char before = '{';
  const auto add = [&](std::string_view name, std::string_view value) {
    text_ += before;
    text_ += name;
    text_ += "=\"";
    append_escaped(text_, value);
    text_ += '"';
    before = ',';
  };
  for (const auto& [name, value] : of)
    add(name, value);
  if (!last_name.empty())
    add(last_name, last_value);
  if (before == ',')
    text_ += '}';
  text_ += ' ';
  text_ += number;
  text_ += '\n';
}

void metrics_text::value(labels of, std::uint64_t number) {
  sample({}, of, {}, {}, std::to_string(number));
}

void metrics_text::value(labels of, double number) { sample({}, of, {}, {}, number_text(number)); }

void metrics_text::histogram(labels of, std::span<const double> bounds,
                             std::span<const std::uint64_t> within, double sum) {
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < within.size(); ++i) {
    all += within[i];
    sample("_bucket", of, "le", i < bounds.size() ? number_text(bounds[i]) : "+Inf",
           std::to_string(all));
  }
  sample("_sum", of, {}, {}, number_text(sum));
  sample("_count", of, {}, {}, std::to_string(all));
}

std::string metrics_text::finish() {
  if (format_ == metrics_format::open_metrics)
    text_ += "# EOF\n";
  return std::move(text_);
}

}  // namespace troupe
