namespace ModelRunner.Daemon.Models;

/// <summary>The number formats that llama.cpp accepts for its cache, by the names of <c>--cache-type-k</c> and <c>--cache-type-v</c>.</summary>
internal static class CacheType
{
    /// <summary>Bytes of one number in the default format, a 16-bit float.</summary>
    public const double DefaultBytes = 2;

    // A block of 32 numbers in so many bytes.
    private const double BlockNumbers = 32;

    /// <summary>Bytes of one number. An unknown name counts as the default format.</summary>
    public static double BytesOf(string? name) => name switch
    {
        "f32" => 4,
        "q8_0" => 34 / BlockNumbers,
        "q5_1" => 24 / BlockNumbers,
        "q5_0" => 22 / BlockNumbers,
        "q4_1" => 20 / BlockNumbers,
        "q4_0" or "iq4_nl" => 18 / BlockNumbers,
        _ => DefaultBytes,
    };
}
