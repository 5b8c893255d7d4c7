import BallastModel
import CSqlite
import Foundation

/// A SQLite database that is being written: everything in one transaction, under a temporary name until it is whole.
final class Database {
  private let path: String
  private let workingPath: String
  private var handle: OpaquePointer?

  init(_ path: String) throws(RunSinkError) {
    self.path = path
    workingPath = path + ".partial"
    unlink(workingPath)
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
    guard sqlite3_open_v2(workingPath, &handle, flags, nil) == SQLITE_OK else {
      let reason = handle.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
      sqlite3_close(handle)
      handle = nil
      throw RunSinkError(path: path, reason: reason)
    }
    // The file is nobody's until its rename: a journal would only cost time.
    try run("PRAGMA journal_mode = OFF")
    try run("PRAGMA synchronous = OFF")
    try run("BEGIN")
  }

  deinit {
    guard handle != nil else { return }
    sqlite3_close(handle)
    unlink(workingPath)
  }

  /// Ends the transaction and gives the file its name.
  func commit() throws(RunSinkError) {
    try run("COMMIT")
    sqlite3_close(handle)
    handle = nil
    guard rename(workingPath, path) == 0 else {
      let reason = systemReason()
      unlink(workingPath)
      throw RunSinkError(path: path, reason: reason)
    }
  }

  func run(_ sql: String) throws(RunSinkError) {
    guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { throw error }
  }

  func prepare(_ sql: String) throws(RunSinkError) -> Statement {
    var statement: OpaquePointer?
    guard sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK, let statement else {
      throw error
    }
    return Statement(statement, of: self)
  }

  fileprivate var error: RunSinkError {
    RunSinkError(path: path, reason: handle.map { String(cString: sqlite3_errmsg($0)) } ?? "closed")
  }

  /// A name as SQL has it.
  static func quoted(_ name: String) -> String {
    var out = "\""
    for character in name.unicodeScalars {
      if character == "\"" { out += "\"" }
      out.unicodeScalars.append(character)
    }
    return out + "\""
  }
}

/// A prepared INSERT; columns count from 0.
final class Statement {
  private let statement: OpaquePointer
  private let database: Database

  fileprivate init(_ statement: OpaquePointer, of database: Database) {
    self.statement = statement
    self.database = database
  }

  deinit { sqlite3_finalize(statement) }

  func bind(_ text: String, at column: Int) {
    var text = text
    text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { characters in
        _ = ballast_sqlite_bind_text(
          statement, Int32(column + 1), characters.baseAddress, Int32(characters.count))
      }
    }
  }

  func bind(_ number: Double?, at column: Int) {
    if let number {
      sqlite3_bind_double(statement, Int32(column + 1), number)
    } else {
      sqlite3_bind_null(statement, Int32(column + 1))
    }
  }

  func bind(_ count: Int64?, at column: Int) {
    if let count {
      sqlite3_bind_int64(statement, Int32(column + 1), count)
    } else {
      sqlite3_bind_null(statement, Int32(column + 1))
    }
  }

  func insert() throws(RunSinkError) {
    guard sqlite3_step(statement) == SQLITE_DONE else { throw database.error }
    sqlite3_reset(statement)
  }
}
