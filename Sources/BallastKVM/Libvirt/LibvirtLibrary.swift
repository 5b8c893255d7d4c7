import CLibvirtABI
import Dispatch

/// libvirt's client library as it was found on this machine. It is loaded, never linked: Ballast builds and simulates
/// where there is none.
struct LibvirtLibrary: @unchecked Sendable {
  // Unchecked: a table of C functions that does not change once it is filled; libvirt allows its use from any thread.
  let functions: ballast_libvirt

  /// Another table, for tests.
  init(_ functions: ballast_libvirt) { self.functions = functions }

  /// - Parameter name: as `dlopen` takes it.
  init(loading name: String) throws(HostSystemError) {
    var functions = ballast_libvirt()
    var problem = [CChar](repeating: 0, count: 512)
    guard ballast_libvirt_load(name, &functions, &problem, problem.count) == 0 else {
      let end = problem.firstIndex(of: 0) ?? problem.endIndex
      let why = String(decoding: problem[..<end].map(UInt8.init(bitPattern:)), as: UTF8.self)
      throw .unavailable(
        "libvirt's client library cannot be loaded (\(why)); install it (Debian: libvirt0), or name QEMU's "
          + "sockets with --direct")
    }
    guard functions.initialize() == 0 else {
      throw .unavailable("libvirt's client library does not start (virInitialize failed)")
    }
    ballast_libvirt_be_quiet(&functions)
    self.functions = functions
  }

  /// What went wrong in the last call of this thread.
  func lastFailure() -> LibvirtFailure {
    guard let error = functions.last_error() else {
      return LibvirtFailure(code: 0, message: "libvirt gives no reason")
    }
    return LibvirtFailure(
      code: error.pointee.code,
      message: error.pointee.message.map { String(cString: $0) } ?? "libvirt gives no reason")
  }
}

/// An error of libvirt, taken on the thread where it happened.
struct LibvirtFailure: Error, Sendable, Equatable {
  /// A virErrorNumber.
  var code: Int32
  var message: String

  /// The connection may be gone: worth asking whether it is alive.
  var isOfConnection: Bool {
    switch Int(code) {
    case BALLAST_VIR_ERR_INTERNAL, BALLAST_VIR_ERR_NO_CONNECT, BALLAST_VIR_ERR_INVALID_CONN,
      BALLAST_VIR_ERR_SYSTEM, BALLAST_VIR_ERR_RPC:
      true
    default: false
    }
  }

  /// Of a call about one domain, or about the connection where `name` is nil.
  func error(about name: String?) -> HostSystemError {
    let text = name.map { "\($0): \(message)" } ?? message
    switch Int(code) {
    case BALLAST_VIR_ERR_NO_DOMAIN: return .noSuchDomain(name ?? message)
    case BALLAST_VIR_ERR_OPERATION_DENIED, BALLAST_VIR_ERR_ACCESS_DENIED,
      BALLAST_VIR_ERR_AUTH_FAILED, BALLAST_VIR_ERR_AUTH_CANCELLED,
      BALLAST_VIR_ERR_AUTH_UNAVAILABLE:
      return .denied(text)
    case BALLAST_VIR_ERR_NO_SUPPORT, BALLAST_VIR_ERR_CONFIG_UNSUPPORTED,
      BALLAST_VIR_ERR_ARGUMENT_UNSUPPORTED, BALLAST_VIR_ERR_OPERATION_UNSUPPORTED:
      return .unsupported(text)
    // The same number for an unknown flag and for a value out of range; only the words tell them apart.
    case BALLAST_VIR_ERR_INVALID_ARG:
      return message.contains("unsupported flags") ? .unsupported(text) : .refused(text)
    case BALLAST_VIR_ERR_OPERATION_TIMEOUT: return .timedOut(text)
    case BALLAST_VIR_ERR_NO_CONNECT, BALLAST_VIR_ERR_INVALID_CONN, BALLAST_VIR_ERR_RPC:
      return .unavailable(text)
    case BALLAST_VIR_ERR_SYSTEM: return name == nil ? .unavailable(text) : .refused(text)
    default: return name == nil ? .unavailable(text) : .refused(text)
    }
  }
}

/// An open connection. It is closed when the last call that uses it is back.
final class LibvirtConnection: @unchecked Sendable {
  // Unchecked: libvirt allows the use of one connection from several threads.
  let library: LibvirtLibrary
  let pointer: UnsafeMutableRawPointer

  private init(_ library: LibvirtLibrary, _ pointer: UnsafeMutableRawPointer) {
    self.library = library
    self.pointer = pointer
  }

  static func open(
    _ library: LibvirtLibrary, _ uri: String, readOnly: Bool
  ) -> Result<LibvirtConnection, LibvirtFailure> {
    let functions = library.functions
    let pointer = readOnly ? functions.open_read_only(uri) : functions.open(uri)
    guard let pointer else { return .failure(library.lastFailure()) }
    return .success(LibvirtConnection(library, pointer))
  }

  var isAlive: Bool { library.functions.is_alive(pointer) == 1 }

  deinit {
    // Saying good-bye is a call like any other and may hang.
    let (library, pointer) = (library, SendablePointer(pointer))
    DispatchQueue.global().async {
      withoutBrokenPipes { _ = library.functions.close(pointer.raw) }
    }
  }
}

/// A pointer on its way to another thread, which then owns it.
struct SendablePointer: @unchecked Sendable {
  let raw: UnsafeMutableRawPointer
  init(_ raw: UnsafeMutableRawPointer) { self.raw = raw }
}
