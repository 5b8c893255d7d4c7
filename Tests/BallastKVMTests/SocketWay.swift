import Foundation
import Synchronization

/// A unix socket that passes everything through to another one until it is closed: a service that can go away.
final class SocketWay: Sendable {
  let path = NSTemporaryDirectory() + "ballast-way-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
  private let target: String
  private let files = Mutex<[Int32]>([])

  init(to target: String) throws {
    self.target = target
    try open()
  }

  func open() throws {
    unlink(path)
    let listener = Self.socket(path) { bind($0, $1, $2) }
    guard listener >= 0, listen(listener, 4) == 0 else { throw CocoaError(.fileWriteUnknown) }
    files.withLock { $0.append(listener) }
    Thread { [weak self] in
      while true {
        let client = accept(listener, nil, nil)
        if client < 0 { return }
        self?.join(client)
      }
    }.start()
  }

  /// Ends all connections, and takes no new ones.
  func close() {
    files.withLock { files in
      for file in files {
        shutdown(file, Int32(SHUT_RDWR))
        Foundation.close(file)
      }
      files = []
    }
    unlink(path)
  }

  private func join(_ client: Int32) {
    let server = Self.socket(target) { connect($0, $1, $2) }
    files.withLock { $0 += [client, server] }
    for (from, to) in [(client, server), (server, client)] {
      Thread {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
          let count = recv(from, &chunk, chunk.count, 0)
          if count <= 0 { return }
          if send(to, chunk, count, Int32(MSG_NOSIGNAL)) != count { return }
        }
      }.start()
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
