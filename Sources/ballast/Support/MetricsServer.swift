import BallastKVM
import Foundation

/// Serves one text over HTTP/1.0, for a Prometheus that scrapes: GET / or /metrics, and nothing else.
///
/// One thread, one connection after another, each with a second to send its request: it is for one or two scrapers on
/// the same host or management network. A text file of metrics needs no dependency on a web framework.
final class MetricsServer: @unchecked Sendable {
  private let descriptor: Int32
  private let lock = NSLock()
  private var text = ""
  /// As it listens: port 0 becomes a real one.
  let address: String

  /// - Parameter address: `HOST:PORT`, `[IPv6]:PORT` or `:PORT`, which is this machine only.
  init(_ address: String) throws(StateFault) {
    guard let colon = address.lastIndex(of: ":"),
      let port = UInt16(address[address.index(after: colon)...])
    else {
      throw StateFault(.cannotWrite, "\(address) is no address; write one such as 127.0.0.1:9177")
    }
    var host = String(address[..<colon])
    if host.hasPrefix("[") && host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    if host.isEmpty { host = "127.0.0.1" }
    var hints = addrinfo()
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, "\(port)", &hints, &found) == 0, let found else {
      throw StateFault(.cannotWrite, "\(host) is no address of a network interface")
    }
    defer { freeaddrinfo(found) }
    let socket = socket(
      found.pointee.ai_family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var yes: Int32 = 1
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    guard socket >= 0, bind(socket, found.pointee.ai_addr, found.pointee.ai_addrlen) == 0,
      listen(socket, 16) == 0
    else {
      let words = String(cString: strerror(errno))
      if socket >= 0 { close(socket) }
      throw StateFault(.cannotWrite, "cannot listen on \(address): \(words)")
    }
    descriptor = socket
    self.address = "\(host.contains(":") ? "[\(host)]" : host):\(Self.port(of: socket) ?? port)"
    let thread = Thread { [self] in serve() }
    thread.start()
  }

  private static func port(of socket: Int32) -> UInt16? {
    var storage = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let result = withUnsafeMutablePointer(to: &storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &size) }
    }
    guard result == 0 else { return nil }
    // The port is at the same place for IPv4 and IPv6.
    return withUnsafeBytes(of: storage) { UInt16($0[2]) << 8 | UInt16($0[3]) }
  }

  func publish(_ text: String) {
    lock.lock()
    self.text = text
    lock.unlock()
  }

  private func serve() {
    while true {
      let client = accept(descriptor, nil, nil)
      if client < 0 {
        // Out of descriptors or aborted meanwhile: not in a tight loop.
        usleep(100_000)
        continue
      }
      answer(client)
      close(client)
    }
  }

  private func answer(_ client: Int32) {
    var limit = timeval(tv_sec: 1, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
    setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
    var request: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 2_048)
    while request.count < 8_192, !Self.isWhole(request) {
      let count = read(client, &buffer, buffer.count)
      if count <= 0 { break }
      request += buffer[..<count]
    }
    let line = String(decoding: request.prefix { $0 != 13 && $0 != 10 }, as: UTF8.self)
      .split(separator: " ")
    guard line.count >= 2, line[0] == "GET" || line[0] == "HEAD" else {
      return send("400 Bad Request", "only GET is answered\n", client)
    }
    guard ["/", "/metrics"].contains(line[1]) else {
      return send("404 Not Found", "metrics are at /metrics\n", client)
    }
    lock.lock()
    let body = text
    lock.unlock()
    send("200 OK", body, client, hasBody: line[0] == "GET")
  }

  private static func isWhole(_ request: [UInt8]) -> Bool {
    request.suffix(4).elementsEqual([13, 10, 13, 10]) || request.suffix(2).elementsEqual([10, 10])
  }

  private func send(_ status: String, _ body: String, _ client: Int32, hasBody: Bool = true) {
    let head =
      "HTTP/1.0 \(status)\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
      + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n"
    _ = writeAll(Array((hasBody ? head + body : head).utf8), to: client)
  }
}
