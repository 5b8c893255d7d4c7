import Foundation

/// The connection URI, checked as far as this machine can tell.
enum LibvirtAddress {
  static let usual = "qemu:///system"

  /// The given one, else $LIBVIRT_DEFAULT_URI, else the system's QEMU.
  static func resolve(_ given: String?) throws(HostSystemError) -> String {
    let named = given ?? getenv("LIBVIRT_DEFAULT_URI").map { String(cString: $0) } ?? ""
    let uri = named.isEmpty ? usual : named
    if let host = otherHost(uri) {
      throw .unsupported(
        "\(uri) is on \(host): counters of a host are read from its own /proc, so run Ballast there and "
          + "connect to \(usual)")
    }
    return uri
  }

  /// The host that a URI names ("qemu+ssh://user@host:22/system"); nil for one of this machine.
  static func otherHost(_ uri: String) -> String? {
    guard let scheme = uri.range(of: "://") else { return nil }
    var authority = uri[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" }
    if let at = authority.lastIndex(of: "@") {
      authority = authority[authority.index(after: at)...]
    }
    if !authority.hasPrefix("["), let colon = authority.firstIndex(of: ":") {
      authority = authority[..<colon]
    }
    return authority.isEmpty ? nil : String(authority)
  }
}
