#include "http/http_poster.h"

#include <curl/curl.h>

#include <array>

namespace syncline::http {

namespace {

constexpr size_t kAnswerBytesMax = size_t{16} << 20;
constexpr long kConnectTimeoutMs = 5000;
constexpr int kPollMs = 1000;

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListDeleter>;

// Puts the transfer onto the multi handle for as long as it lives.
class Attached {
 public:
  Attached(CURLM* multi, CURL* easy) : multi_(multi), easy_(easy) {
    curl_multi_add_handle(multi_, easy_);
  }
  ~Attached() { curl_multi_remove_handle(multi_, easy_); }
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;

 private:
  CURLM* multi_;
  CURL* easy_;
};

size_t take_body(char* data, size_t size, size_t count, void* body) {
  auto& text = *static_cast<std::string*>(body);
  const size_t bytes = size * count;
  if (text.size() + bytes > kAnswerBytesMax) return 0;
  text.append(data, bytes);
  return bytes;
}

HeaderList header_list(const PostRequest& request) {
  HeaderList list;
  const auto append = [&list](const std::string& header) {
    list.reset(curl_slist_append(list.release(), header.c_str()));
  };
  append("Expect:");
  for (const auto& [name, value] : request.headers) append(name + ": " + value);
  return list;
}

}  // namespace

class HttpPoster::Handles {
 public:
  Handles() : easy_(curl_easy_init()), multi_(curl_multi_init()) {}

  Result<PostAnswer> post(const PostRequest& request, const StopSignal& stop) {
    if (!easy_ || !multi_) return Error::retry("no memory for a request");
    PostAnswer answer;
    std::array<char, CURL_ERROR_SIZE> error_text{};
    const HeaderList headers = header_list(request);
    set_options(request, headers.get());
    curl_easy_setopt(easy_.get(), CURLOPT_WRITEDATA, &answer.body);
    curl_easy_setopt(easy_.get(), CURLOPT_ERRORBUFFER, error_text.data());
    const CURLcode result = run(stop);
    if (stop.raised()) return Error::stop();
    if (result != CURLE_OK) {
      return Error::retry(error_text[0] != '\0' ? error_text.data() : curl_easy_strerror(result));
    }
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    answer.status = static_cast<int>(status);
    return answer;
  }

 private:
  void set_options(const PostRequest& request, curl_slist* headers) {
    CURL* const easy = easy_.get();
    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                     static_cast<long>(std::chrono::milliseconds(request.timeout).count()));
    curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &take_body);
  }

  // The multi interface for one transfer: it can be woken by the signal.
  CURLcode run(const StopSignal& stop) {
    const Attached attached(multi_.get(), easy_.get());
    curl_waitfd signal{stop.fd(), CURL_WAIT_POLLIN, 0};
    int running = 1;
    while (!stop.raised()) {
      if (curl_multi_perform(multi_.get(), &running) != CURLM_OK) return CURLE_FAILED_INIT;
      if (running == 0) break;
      curl_multi_poll(multi_.get(), &signal, 1, kPollMs, nullptr);
    }
    int left = 0;
    const CURLMsg* const message = curl_multi_info_read(multi_.get(), &left);
    return message == nullptr ? CURLE_ABORTED_BY_CALLBACK : message->data.result;
  }

  std::unique_ptr<CURL, EasyDeleter> easy_;
  std::unique_ptr<CURLM, MultiDeleter> multi_;
};

HttpPoster::HttpPoster() : handles_(std::make_unique<Handles>()) {}
HttpPoster::~HttpPoster() = default;

Result<PostAnswer> HttpPoster::post(const PostRequest& request) {
  return handles_->post(request, stop_);
}

}  // namespace syncline::http
