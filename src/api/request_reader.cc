#include "api/request_reader.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace syncline::api {

namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr size_t kChunkLineBytesMax = 256;  // a size, and extensions that nobody needs
constexpr size_t kTrailerBytesMax = 8192;

// Bytes that no head may hold: a reader that takes them differently would see another request.
bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\r' && c != '\n') || byte == 0x7f;
}

}  // namespace

BodyLength body_length(const IncomingRequest& request) {
  BodyLength length;
  const size_t encodings = request.header_count("Transfer-Encoding");
  const size_t lengths = request.header_count("Content-Length");
  if (encodings + lengths > 1) return {false, false, 0};
  if (encodings == 1) {
    length.chunked = true;
    length.proper = equals_ignoring_case(request.header("Transfer-Encoding"), "chunked");
  }
  if (lengths == 1) {
    const std::string_view text = request.header("Content-Length");
    length.proper = !text.empty();
    for (const char c : text) {
      if (c < '0' || c > '9') return {false, false, 0};
      length.bytes = std::min(length.bytes * 10 + static_cast<size_t>(c - '0'), kBodyBytesMax + 1);
    }
  }
  return length;
}

RequestReader::State RequestReader::refuse(int status) {
  refusal_ = status;
  head_ = std::string();
  early_ = std::string();
  request_ = IncomingRequest();
  return state_ = State::refused;
}

RequestReader::State RequestReader::take(std::string_view bytes) {
  began_ = began_ || !bytes.empty();
  switch (state_) {
    case State::head:
      return take_head(bytes);
    case State::headed:
      if (early_.size() < kBodyBytesMax) early_ += bytes;
      return state_;
    case State::body:
      return chunked_ ? take_chunks(bytes) : take_body(bytes);
    case State::done:
    case State::refused:
      break;
  }
  return state_;
}

RequestReader::State RequestReader::take_head(std::string_view bytes) {
  const size_t known = head_.size();
  const std::string_view fitting = bytes.substr(0, kHeadBytesMax - known);
  head_ += fitting;
  const size_t end = head_.find(kHeadEnd, known < kHeadEnd.size() ? 0 : known - kHeadEnd.size());
  const size_t length = end == std::string::npos ? head_.size() : end + kHeadEnd.size();
  for (size_t i = known; i < length; ++i) {
    const bool after_return = i > 0 && head_[i - 1] == '\r';
    if (is_control(head_[i]) || after_return != (head_[i] == '\n')) return refuse(400);
  }
  if (end == std::string::npos) {
    if (head_.size() < kHeadBytesMax) return state_;
    return refuse(head_.find('\r') == std::string::npos ? 414 : 431);
  }
  early_ = head_.substr(length);
  early_ += bytes.substr(fitting.size());
  head_.resize(length);
  return end_head();
}

RequestReader::State RequestReader::end_head() {
  auto parsed = parse_head(head_);
  head_ = std::string();
  if (!parsed) return refuse(400);
  if (parsed->target.size() > kTargetBytesMax) return refuse(414);
  if (parsed->headers.size() > kHeadersMax) return refuse(431);
  request_ = *std::move(parsed);
  return state_ = State::headed;
}

RequestReader::State RequestReader::read_body(const BodyLength& length) {
  state_ = State::body;
  chunked_ = length.chunked;
  body_bytes_left_ = length.bytes;
  return take(std::exchange(early_, {}));
}

RequestReader::State RequestReader::take_body(std::string_view bytes) {
  const size_t taken = std::min(bytes.size(), body_bytes_left_);
  request_.body += bytes.substr(0, taken);
  body_bytes_left_ -= taken;
  return body_bytes_left_ == 0 ? state_ = State::done : state_;
}

RequestReader::State RequestReader::take_chunks(std::string_view bytes) {
  while (!bytes.empty() && state_ == State::body) {
    if (chunk_part_ != ChunkPart::data) {
      take_chunk_line_byte(bytes.front());
      bytes.remove_prefix(1);
      continue;
    }
    const size_t taken = std::min(bytes.size(), body_bytes_left_);
    request_.body += bytes.substr(0, taken);
    bytes.remove_prefix(taken);
    body_bytes_left_ -= taken;
    if (body_bytes_left_ == 0) chunk_part_ = ChunkPart::data_end;
  }
  return state_;
}

RequestReader::State RequestReader::take_chunk_line_byte(char byte) {
  const bool after_return = !chunk_line_.empty() && chunk_line_.back() == '\r';
  if (is_control(byte) || after_return != (byte == '\n')) return refuse(400);
  const bool in_trailer = chunk_part_ == ChunkPart::trailer;
  if (in_trailer && ++trailer_bytes_ > kTrailerBytesMax) return refuse(431);
  if (!in_trailer && chunk_line_.size() >= kChunkLineBytesMax) return refuse(400);
  if (byte != '\n') {
    chunk_line_ += byte;
    return state_;
  }
  chunk_line_.pop_back();
  return end_chunk_line();
}

RequestReader::State RequestReader::end_chunk_line() {
  const std::string line = std::exchange(chunk_line_, {});
  if (chunk_part_ == ChunkPart::trailer) return line.empty() ? state_ = State::done : state_;
  if (chunk_part_ == ChunkPart::data_end) {
    chunk_part_ = ChunkPart::size;
    return line.empty() ? state_ : refuse(400);
  }
  size_t size = 0;
  const char* const end = line.data() + line.size();
  const auto [rest, fault] = std::from_chars(line.data(), end, size, 16);
  if (rest == line.data() || (rest != end && *rest != ';' && *rest != ' ' && *rest != '\t'))
    return refuse(400);
  if (fault != std::errc() || size > kBodyBytesMax - request_.body.size()) return refuse(413);
  body_bytes_left_ = size;
  chunk_part_ = size == 0 ? ChunkPart::trailer : ChunkPart::data;
  return state_;
}

}  // namespace syncline::api
