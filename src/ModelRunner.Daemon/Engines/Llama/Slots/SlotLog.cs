namespace ModelRunner.Daemon.Engines.Llama.Slots;

/// <summary>The log messages about saved contexts. They never contain a part of a context.</summary>
internal static partial class SlotLog
{
    [LoggerMessage(EventId = 2101, Level = LogLevel.Warning, Message = "Contexts are not saved: {Folder} cannot be used: {Cause}")]
    public static partial void FolderNotUsable(ILogger logger, string folder, string cause);

    [LoggerMessage(EventId = 2102, Level = LogLevel.Warning, Message = "A context is not saved: {File} cannot be written: {Cause}")]
    public static partial void NotWritten(ILogger logger, string file, string cause);

    [LoggerMessage(EventId = 2103, Level = LogLevel.Warning, Message = "A saved context remains: {File} cannot be removed: {Cause}")]
    public static partial void NotRemoved(ILogger logger, string file, string cause);

    [LoggerMessage(EventId = 2104, Level = LogLevel.Information, Message = "Contexts of {Model} are not saved: {Cause}")]
    public static partial void NotSupported(ILogger logger, string model, string cause);

    [LoggerMessage(EventId = 2105, Level = LogLevel.Information, Message = "Contexts of {Model} can be saved: the self-test took {Milliseconds:0} ms")]
    public static partial void Tested(ILogger logger, string model, double milliseconds);

    [LoggerMessage(EventId = 2106, Level = LogLevel.Information,
        Message = "Saved slot {Slot} of {Model}: {Tokens} tokens, {Bytes} bytes in {Milliseconds:0} ms")]
    public static partial void Saved(ILogger logger, string model, int slot, long tokens, long bytes, double milliseconds);

    [LoggerMessage(EventId = 2107, Level = LogLevel.Warning, Message = "Slot {Slot} of {Model} is not saved: {Result}")]
    public static partial void NotSaved(ILogger logger, string model, int slot, string result);

    [LoggerMessage(EventId = 2108, Level = LogLevel.Information,
        Message = "Restored slot {Slot} of {Model}: {Tokens} tokens, {Bytes} bytes in {Milliseconds:0} ms")]
    public static partial void Restored(ILogger logger, string model, int slot, long tokens, long bytes, double milliseconds);

    [LoggerMessage(EventId = 2109, Level = LogLevel.Warning, Message = "Slot {Slot} of {Model} is not restored: {Result}")]
    public static partial void NotRestored(ILogger logger, string model, int slot, string result);

    [LoggerMessage(EventId = 2111, Level = LogLevel.Warning,
        Message = "Slot {Slot} of {Model} is not saved: its {Tokens} tokens need {Bytes} bytes, and kvCache.maxBytes is {Limit}")]
    public static partial void TooLarge(ILogger logger, string model, int slot, long tokens, long bytes, long limit);

    [LoggerMessage(EventId = 2110, Level = LogLevel.Error, Message = "Internal error: the saved contexts of {Model} could not be handled.")]
    public static partial void Failed(ILogger logger, Exception failure, string model);
}
