// RequestReader: one request from the bytes of a connection, however they are cut, within bounds.
//
// Owner: Connection. One thread. Each byte is looked at a fixed number of times, so that bytes that
// come one by one cost no more than others. In the flow: socket → RequestReader → RequestHandler.
#pragma once

#include <string>
#include <string_view>

#include "api/incoming_request.h"

namespace syncline::api {

inline constexpr size_t kBodyBytesMax = size_t{1} << 20;

// How long a body is, as far as the headers tell.
struct BodyLength {
  bool proper = true;
  bool chunked = false;
  size_t bytes = 0;  // above kBodyBytesMax: too large, however much
};
BodyLength body_length(const IncomingRequest& request);

class RequestReader {
 public:
  static constexpr size_t kHeadBytesMax = size_t{32} << 10;
  static constexpr size_t kTargetBytesMax = 8192;
  static constexpr size_t kHeadersMax = 100;

  enum class State {
    head,     // not all of it came
    headed,   // the head is there; it is not said yet whether the body is wanted
    body,     // not all of it came
    done,     // request() is complete
    refused,  // refusal() says with which status
  };

  // Takes what came. What comes after the end of the request is dropped.
  State take(std::string_view bytes);
  // Goes on with the body. Precondition: state() is headed, and `length` proper, not too large.
  State read_body(const BodyLength& length);

  State state() const { return state_; }
  int refusal() const { return refusal_; }
  bool began() const { return began_; }  // whether anything came
  size_t bytes_held() const { return head_.capacity() + request_.body.capacity(); }
  // Precondition: state() is headed or done.
  const IncomingRequest& request() const { return request_; }
  IncomingRequest take_request() { return std::move(request_); }

 private:
  enum class ChunkPart { size, data, data_end, trailer };

  State refuse(int status);
  State take_head(std::string_view bytes);
  State end_head();
  State take_body(std::string_view bytes);
  State take_chunks(std::string_view bytes);
  State take_chunk_line_byte(char byte);
  State end_chunk_line();

  State state_ = State::head;
  int refusal_ = 0;
  bool began_ = false;
  std::string head_;
  std::string early_;  // came behind the head, before it was said what to do with it
  IncomingRequest request_;
  size_t body_bytes_left_ = 0;  // of the body, or of the chunk
  bool chunked_ = false;
  ChunkPart chunk_part_ = ChunkPart::size;
  std::string chunk_line_;
  size_t trailer_bytes_ = 0;
};

}  // namespace syncline::api
