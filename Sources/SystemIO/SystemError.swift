// What the operating system refused: the code, the call and what the call was about. Callers compare
// through the questions below, so that no number of an errno leaves this target. Text for people is
// made only when it is asked for.

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A refusal of the operating system.
public struct SystemError: Error, Equatable, Sendable {
    /// The errno.
    public let code: Int32
    /// The name of the call that failed, such as "connect".
    public let call: String
    /// The path, address or program that the call was about, or nothing.
    public let about: String

    package init(code: Int32, call: String, about: String = "") {
        self.code = code
        self.call = call
        self.about = about
    }

    /// The error of the call that just failed on this thread.
    static func last(_ call: String, about: String = "") -> SystemError {
        SystemError(code: errno, call: call, about: about)
    }

    /// Whether a file or folder did not exist.
    package var isMissing: Bool { code == ENOENT }
    /// Whether a lock is held by somebody else.
    package var isHeldElsewhere: Bool { code == EWOULDBLOCK }
    /// Whether a deadline passed.
    package var isTimeout: Bool { code == ETIMEDOUT }
    /// Whether nobody listened at an address.
    package var isConnectionRefused: Bool { code == ECONNREFUSED }
    /// Whether the other side closed or reset a connection.
    package var isConnectionLost: Bool {
        code == ECONNRESET || code == EPIPE || code == ENOTCONN || code == ECONNABORTED
    }
    /// Whether an address is in use already.
    package var isAddressInUse: Bool { code == EADDRINUSE }
    /// Whether a file was larger than the limit given.
    package var isTooLarge: Bool { code == EFBIG }

    /// The errno in words, such as "Connection refused".
    public var reason: String { Self.text(of: code) }

    /// The words that the C library has for an errno.
    package static func text(of code: Int32) -> String {
        guard let text = unsafe strerror(code) else { return "error \(code)" }
        return unsafe String(cString: text)
    }

    static func timeout(_ call: String, about: String = "") -> SystemError {
        SystemError(code: ETIMEDOUT, call: call, about: about)
    }

    static func invalid(_ call: String, about: String = "") -> SystemError {
        SystemError(code: EINVAL, call: call, about: about)
    }
}

extension SystemError: CustomStringConvertible {
    public var description: String {
        about.isEmpty ? "\(call): \(reason)" : "\(call) \(about): \(reason)"
    }
}
