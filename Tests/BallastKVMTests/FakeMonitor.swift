import Foundation
import Synchronization

/// A QMP monitor on a unix socket: greets one client at a time and answers from a table.
final class FakeMonitor: Sendable {
  struct Script: Sendable {
    /// Text of `return` by command; a property is "qom-get NAME".
    var answers: [String: String] = [:]
    /// Text of `error` by command.
    var errors: [String: String] = [:]
    /// Takes commands and answers none.
    var isHung = false
    /// Every command as it came, without capabilities.
    var received: [String] = []
  }

  let path: String
  private let listener: Int32
  let script: Mutex<Script>

  init(_ script: Script) throws {
    path = NSTemporaryDirectory() + "ballast-qmp-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    self.script = Mutex(script)
    listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let outcome = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard outcome == 0, listen(listener, 2) == 0 else {
      throw CocoaError(.fileWriteUnknown)
    }
    // The thread closes what it accepts from: closed by another one, the number could by then be a neighbour's socket.
    let thread = Thread { [weak self, listener] in
      while true {
        let client = accept(listener, nil, nil)
        if client < 0 { break }
        self?.serve(client)
        close(client)
      }
      close(listener)
    }
    thread.start()
  }

  /// Once.
  func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
    unlink(path)
  }

  private func serve(_ client: Int32) {
    say(#"{"QMP":{"version":{"qemu":{"micro":22,"minor":2,"major":7}},"capabilities":[]}}"#, client)
    var input: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4_096)
    while true {
      let count = recv(client, &chunk, chunk.count, 0)
      if count <= 0 { return }
      input += chunk[..<count]
      while let end = input.firstIndex(of: 10) {
        let line = Data(input[..<end])
        input.removeSubrange(...end)
        answer(line, client)
      }
    }
  }

  private func answer(_ line: Data, _ client: Int32) {
    guard let message = (try? JSONSerialization.jsonObject(with: line)) as? [String: Any],
      var command = message["execute"] as? String, let id = message["id"] as? Int
    else { return }
    let arguments = message["arguments"] as? [String: Any] ?? [:]
    if command == "qom-get" { command += " \(arguments["property"] ?? "")" }
    let reply: String? = script.withLock { script in
      if command != "qmp_capabilities" {
        script.received.append(command + (arguments["value"].map { " \($0)" } ?? ""))
      }
      if script.isHung { return nil }
      if let error = script.errors[command] { return "\"error\":\(error)" }
      return "\"return\":\(script.answers[command] ?? "{}")"
    }
    guard let reply else { return }
    // An event may come at any time.
    say(#"{"event":"BALLOON_CHANGE","data":{"actual":1},"timestamp":{"seconds":1}}"#, client)
    say("{\(reply),\"id\":\(id)}", client)
  }

  private func say(_ text: String, _ client: Int32) {
    let bytes = Array((text + "\r\n").utf8)
    _ = send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }
}
