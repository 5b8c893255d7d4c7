import Foundation
import Glibc

/// One connection to QEMU's monitor: commands go out, replies are collected as they come, and nothing waits here.
///
/// Promises  reading and writing never block · replies are matched by number, so that one that comes late belongs to
///           nobody · a reply longer than `lineMax` closes the connection.
/// Source    QEMU's docs/interop/qmp-spec.rst: a greeting, `qmp_capabilities`, then replies and events line by line.
final class QMPClient {
  static let lineMax = 1 << 20

  enum Reply {
    case value(Any)
    case failure(kind: String, text: String)
  }

  let path: String
  private var file: Int32 = -1
  private var input: [UInt8] = []
  private var next = 0
  private var pending: Set<Int> = []
  private var replies: [Int: Reply] = [:]
  private(set) var isGreeted = false

  init(path: String) { self.path = path }

  deinit { close() }

  var isOpen: Bool { file >= 0 }
  /// Something was asked and is not answered yet.
  var isWaiting: Bool { !pending.isEmpty }
  var pollEntry: pollfd { pollfd(fd: file, events: Int16(POLLIN), revents: 0) }

  func close() {
    if file >= 0 { Glibc.close(file) }
    file = -1
    input = []
    pending = []
    replies = [:]
    isGreeted = false
  }

  /// Connects and asks for the command mode. The greeting comes later, or never if somebody else talks to this QEMU.
  func open() throws(SmallFile.Problem) {
    close()
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    let isShort = withUnsafeMutableBytes(of: &address.sun_path) { room in
      guard bytes.count < room.count else { return false }
      room.copyBytes(from: bytes)
      return true
    }
    guard isShort else { throw .failed(ENAMETOOLONG) }
    file = socket(
      AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard file >= 0 else { throw SmallFile.Problem(errno) }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let outcome = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(file, $0, size) }
    }
    guard outcome == 0 else {
      let code = errno
      close()
      throw SmallFile.Problem(code)
    }
    _ = send("qmp_capabilities", [:])
  }

  /// The process that listens at the other end.
  var peer: Int64? {
    // struct ucred: process, user, group.
    var credentials: (pid_t, uid_t, gid_t) = (0, 0, 0)
    var size = socklen_t(MemoryLayout.size(ofValue: credentials))
    guard file >= 0, getsockopt(file, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0,
      credentials.0 > 0
    else { return nil }
    return Int64(credentials.0)
  }

  /// Sends a command; its number, or nil (and a closed connection) if it cannot be sent.
  func send(_ command: String, _ arguments: [String: Any]) -> Int? {
    guard file >= 0 else { return nil }
    next += 1
    var message: [String: Any] = ["execute": command, "id": next]
    if !arguments.isEmpty { message["arguments"] = arguments }
    guard JSONSerialization.isValidJSONObject(message),
      var bytes = try? [UInt8](
        JSONSerialization.data(withJSONObject: message, options: .sortedKeys))
    else { return nil }
    bytes.append(10)
    guard Glibc.send(file, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
      close()
      return nil
    }
    pending.insert(next)
    return next
  }

  /// Takes in what has come. Closes the connection when the other end has.
  func receive() {
    while file >= 0 {
      var count = 0
      let chunk = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, filled in
        count = recv(file, buffer.baseAddress, buffer.count, 0)
        filled = max(0, count)
      }
      if count < 0 && (errno == EAGAIN || errno == EINTR) { break }
      guard count > 0, input.count < Self.lineMax else { return close() }
      input += chunk
    }
    while let end = input.firstIndex(of: 10) {
      let line = Data(input[..<end])
      input.removeSubrange(...end)
      take(line)
    }
  }

  private func take(_ line: Data) {
    guard let message = (try? JSONSerialization.jsonObject(with: line)) as? [String: Any] else {
      return
    }
    if message["QMP"] != nil { isGreeted = true }
    guard let id = message["id"] as? Int, pending.remove(id) != nil else { return }
    if let value = message["return"] {
      replies[id] = .value(value)
    } else if let error = message["error"] as? [String: Any] {
      replies[id] = .failure(
        kind: error["class"] as? String ?? "", text: error["desc"] as? String ?? "")
    }
  }

  /// The reply to a command, once.
  func reply(to id: Int?) -> Reply? { id.flatMap { replies.removeValue(forKey: $0) } }

  /// Replies that nobody has fetched are nobody's.
  func forgetReplies() { replies = [:] }

  /// Waits until every client that asked something is answered or closed, or the deadline has come.
  ///
  /// - Parameter end: an instant of the monotonic clock.
  static func wait(for clients: [QMPClient], until end: Int64) {
    while true {
      let waiting = clients.filter { $0.isOpen && $0.isWaiting }
      let left = end - HostClock.monotonic()
      if waiting.isEmpty || left <= 0 { return }
      var entries = waiting.map(\.pollEntry)
      let span = Int32(clamping: left / 1_000_000 + 1)
      guard poll(&entries, nfds_t(entries.count), span) > 0 else { continue }
      for (entry, client) in zip(entries, waiting) where entry.revents != 0 { client.receive() }
    }
  }
}
