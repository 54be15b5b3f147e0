#include "runtime/blobs/file_pool.hpp"

namespace troupe {

file_pool::file_pool(unsigned threads) {
  for (unsigned i = 0; i < threads; ++i)
    threads_.emplace_back([this] { work(); });
}

file_pool::~file_pool() {
  {
    std::lock_guard guard(mutex_);
    ending_ = true;
  }
  news_.notify_all();
  for (auto& thread : threads_)
    thread.join();
}

void file_pool::run(std::function<void()> job) {
  {
    std::lock_guard guard(mutex_);
    jobs_.push_back(std::move(job));
  }
  news_.notify_one();
}

void file_pool::work() {
  std::unique_lock guard(mutex_);
  for (;;) {
    news_.wait(guard, [this] { return ending_ || !jobs_.empty(); });
    if (jobs_.empty())
      return;
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    guard.unlock();
    job();
    job = nullptr;
    guard.lock();
  }
}

}  // namespace troupe
