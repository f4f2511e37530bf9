// As much of XLA's header as the kernel uses, without a process of JAX around it: buffers that a test fills, a pool
// whose size it chooses, and handlers that stay the functions they are.

#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace xla::ffi {

enum DataType { F32 };
enum class ErrorCode { kOk, kInternal, kResourceExhausted };

class Error {
 public:
  Error() = default;
  Error(ErrorCode code, std::string message) : code(code), said(std::move(message)) {}
  static Error Success() { return {}; }
  bool success() const { return code == ErrorCode::kOk; }
  const std::string& message() const { return said; }

 private:
  ErrorCode code = ErrorCode::kOk;
  std::string said;
};

template <DataType, int RANK>
struct Buffer {
  float* data;
  std::array<int64_t, RANK> shape;  // copied without asking for memory, as XLA's are
  float* typed_data() const { return data; }
  const std::array<int64_t, RANK>& dimensions() const { return shape; }
  int64_t element_count() const {
    int64_t count = 1;
    for (int64_t size : shape) count *= size;
    return count;
  }
};

template <class B>
struct Result : B {
  const B* operator->() const { return this; }
};

class Workers {
 public:
  explicit Workers(int count) {
    for (int i = 0; i < count; i++) threads.emplace_back([this] { serve(); });
  }
  ~Workers() {
    {
      std::lock_guard lock(mutex);
      over = true;
    }
    asked.notify_all();
    for (std::thread& thread : threads) thread.join();
  }
  void add(std::function<void()> task) {
    std::lock_guard lock(mutex);
    tasks.push_back(std::move(task));
    asked.notify_one();
  }
  int64_t size() const { return threads.size(); }

 private:
  void serve() {
    for (;;) {
      std::unique_lock lock(mutex);
      asked.wait(lock, [this] { return over || !tasks.empty(); });
      if (tasks.empty()) return;
      std::function<void()> task = std::move(tasks.front());
      tasks.pop_front();
      lock.unlock();
      task();
    }
  }
  std::mutex mutex;
  std::condition_variable asked;
  std::deque<std::function<void()>> tasks;
  bool over = false;
  std::vector<std::thread> threads;
};

struct ThreadPool {
  Workers* workers;
  int64_t num_threads() const { return workers->size(); }
  template <class F>
  void Schedule(F&& f) { workers->add(std::forward<F>(f)); }
};

struct Ffi {
  static Ffi Bind() { return {}; }
  template <class> Ffi Ctx() const { return {}; }
  template <class> Ffi Arg() const { return {}; }
  template <class> Ffi Ret() const { return {}; }
  template <class> Ffi Attr(const char*) const { return {}; }
};

}  // namespace xla::ffi

#define XLA_FFI_DEFINE_HANDLER_SYMBOL(name, function, binding) constexpr auto* name = &function
