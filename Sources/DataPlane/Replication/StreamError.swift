// Why a stream or a handshake cannot be followed, a case each, with words for the log and for INFO. What a master
// sent gets into these words only where it is letters and digits, and cut short.

package import RESP

/// Why a replica stops reading what its master sends.
package enum ReplicationError: Error, Equatable, Sendable {
    // Of the stream.
    case notTheProtocol(RESPError)
    /// Commands come as arrays; a line of words shows that both ends count differently.
    case inlineCommand
    /// A command that cannot be applied here: to go on without it would lose it in silence.
    case unknownCommand(name: String)
    case wrongArity(name: String)
    case otherDatabase(String)
    case nestedMulti
    case execWithoutMulti
    /// A transaction is longer than what is kept of one.
    case transactionTooBig
    /// A command that the master could run failed here, so the copies differ.
    case failed(name: String, String)

    // Of the handshake and the transfer.
    case unexpectedReply(String)
    case lineTooLong
    case refused(String)
    /// Another node than the master answers at the master's address.
    case anotherNode(String)
    case copy(RDBError)
    case copyHasFunctions
    case sameKeyTwice
    /// More bytes than the length that was announced, or an end without its mark.
    case transferEnd
    /// A master must not continue what nobody asked it to.
    case continuedNothing
    case tooMuchMemory(limitBytes: Int)
    case silent(milliseconds: Int64)

    /// Whether the next attempt would meet the same: the master holds what cannot be held here.
    package var isLasting: Bool {
        switch self {
        case .unknownCommand, .wrongArity, .otherDatabase, .failed, .copyHasFunctions,
            .transactionTooBig:
            true
        case .copy(let error): error.isOfContent
        case .notTheProtocol, .inlineCommand, .nestedMulti, .execWithoutMulti, .unexpectedReply,
            .lineTooLong, .refused, .anotherNode, .sameKeyTwice, .transferEnd,
            .continuedNothing, .tooMuchMemory, .silent:
            false
        }
    }

    /// How far the stream was understood cannot be said any more, or a part of a transaction may have been done.
    var breaksHistory: Bool {
        switch self {
        case .notTheProtocol, .inlineCommand, .nestedMulti, .execWithoutMulti, .failed: true
        case .unknownCommand, .wrongArity, .otherDatabase, .transactionTooBig,
            .unexpectedReply, .lineTooLong, .refused, .anotherNode, .copy, .copyHasFunctions,
            .sameKeyTwice, .transferEnd, .continuedNothing, .tooMuchMemory, .silent:
            false
        }
    }

    /// Up to 64 letters, digits, spaces and signs of what a peer sent; any other byte is a question mark.
    package static func shown(_ bytes: some Sequence<UInt8>) -> String {
        String(
            decoding: bytes.prefix(64).map { (0x20...0x7e).contains($0) ? $0 : UInt8(ascii: "?") },
            as: UTF8.self)
    }
}

extension RDBError {
    /// The file is well, and holds what is not kept here.
    var isOfContent: Bool {
        switch self {
        case .type, .unknownType, .moduleAuxiliary, .oldFunction, .database, .version, .tooLong:
            true
        case .signature, .length, .compressed, .checksum, .behindEnd, .cutShort: false
        }
    }
}

extension ReplicationError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notTheProtocol(let error): "the stream is not the protocol: \(error)"
        case .inlineCommand: "the stream holds a line of words in place of a command"
        case .unknownCommand(let name): "the command \(name) cannot be applied here"
        case .wrongArity(let name): "the command \(name) has a wrong number of arguments"
        case .otherDatabase(let name): "database \(name) is written; only database 0 is kept here"
        case .nestedMulti: "MULTI within a transaction of the stream"
        case .execWithoutMulti: "EXEC without MULTI in the stream"
        case .transactionTooBig: "a transaction of the stream is too large"
        case .failed(let name, let text): "the command \(name) of the stream failed here: \(text)"
        case .unexpectedReply(let line): "unexpected reply: \(line)"
        case .lineTooLong: "a line of the handshake is too long"
        case .refused(let line): "the master refused: \(line)"
        case .anotherNode(let id): "at the master's address another node answers, \(id)"
        case .copy(let error): "\(error)"
        case .copyHasFunctions: "the master holds functions, which are not kept here"
        case .sameKeyTwice: "a key stands twice in the copy"
        case .transferEnd: "the copy does not end where its length or its mark says"
        case .continuedNothing: "the master continues a stream that was not asked for"
        case .tooMuchMemory(let limit): "the copy takes more than maxmemory, \(limit) bytes"
        case .silent(let time): "nothing was heard for \(time) ms"
        }
    }
}
