import Foundation
import Synchronization

/// A unix socket that passes everything through to another one until it is closed: a service that can go away.
final class SocketWay: Sendable {
  let path = NSTemporaryDirectory() + "ballast-way-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
  private let target: String
  private let files = Mutex<Set<Int32>>([])

  init(to target: String) throws {
    self.target = target
    try open()
  }

  func open() throws {
    unlink(path)
    let listener = Self.socket(path) { bind($0, $1, $2) }
    guard listener >= 0, listen(listener, 4) == 0 else { throw CocoaError(.fileWriteUnknown) }
    files.withLock { _ = $0.insert(listener) }
    Thread { [weak self] in
      while true {
        let client = accept(listener, nil, nil)
        if client < 0 { break }
        self?.join(client)
      }
      self?.release([listener])
    }.start()
  }

  /// Ends all connections, and takes no new ones. The threads close what they use, so that no number is taken again while
  /// one of them still has it.
  func close() {
    files.withLock { for file in $0 { shutdown(file, Int32(SHUT_RDWR)) } }
    unlink(path)
  }

  private func release(_ ended: [Int32]) {
    files.withLock { files in
      for file in ended {
        files.remove(file)
        Foundation.close(file)
      }
    }
  }

  private func join(_ client: Int32) {
    let server = Self.socket(target) { connect($0, $1, $2) }
    files.withLock { $0.formUnion([client, server]) }
    Thread { [self] in
      Self.pass(client, server)
      release([client, server])
    }.start()
  }

  /// Both ways, until one end is gone.
  private static func pass(_ one: Int32, _ other: Int32) {
    var waiting = [one, other].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while poll(&waiting, 2, -1) > 0 {
      for (from, to) in [(0, other), (1, one)] where waiting[from].revents != 0 {
        let count = recv(waiting[from].fd, &chunk, chunk.count, 0)
        if count <= 0 || send(to, chunk, count, Int32(MSG_NOSIGNAL)) != count { return }
      }
    }
  }

  private static func socket(
    _ path: String, _ call: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    let file = Foundation.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let outcome = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        call(file, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    return outcome == 0 ? file : -1
  }
}
