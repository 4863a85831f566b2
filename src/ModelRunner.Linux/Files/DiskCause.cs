using System.Runtime.InteropServices;

namespace ModelRunner.Linux.Files;

/// <summary>Why a disk refused something, as a clause without a path: clients do not see paths of the machine.</summary>
internal static class DiskCause
{
    // The numbers of the system's errors end far below.
    private const int MaxCode = 4096;

    /// <summary>The cause of a failed read or write.</summary>
    /// <param name="failure">What .NET threw.</param>
    public static string Of(Exception failure)
    {
        if (failure is UnauthorizedAccessException)
            return "this user has no right to do so";

        // .NET puts the number of the system's error there.
        string text = (failure.HResult & 0xFFFF) is > 0 and < MaxCode and var code ? Marshal.GetPInvokeErrorMessage(code) : "";
        return text.Length > 0 ? char.ToLowerInvariant(text[0]) + text[1..] : "its disk reports an error";
    }
}
