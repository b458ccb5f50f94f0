// Single keys from a terminal, without a line end and without being shown, for a picture that moves until
// somebody ends it. What the terminal was set to is set again at the end.

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The keyboard of the terminal on standard input, for as long as it lives.
package struct KeyInput: ~Copyable {
    private let former: termios

    private init(_ former: termios) { self.former = former }

    /// Takes the keyboard; nil where standard input is no terminal.
    package static func open() -> KeyInput? {
        var settings = termios()
        guard unsafe tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
        let former = settings
        // The key that interrupts is read like others, so that the terminal is put right afterwards.
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG)
        guard unsafe tcsetattr(STDIN_FILENO, TCSANOW, &settings) == 0 else { return nil }
        return KeyInput(former)
    }

    deinit {
        var settings = former
        _ = unsafe tcsetattr(STDIN_FILENO, TCSANOW, &settings)
    }

    /// Waits for a key; nil when none came in time. The end of the input counts as "q".
    package func next(within milliseconds: Int32) -> UInt8? {
        var waiting = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&waiting, 1, milliseconds) > 0 else { return nil }
        var key: UInt8 = 0
        return unsafe read(STDIN_FILENO, &key, 1) == 1 ? key : UInt8(ascii: "q")
    }
}
