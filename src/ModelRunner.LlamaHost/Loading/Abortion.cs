using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ModelRunner.LlamaHost.Loading;

/// <summary>
/// Lets a running decode call end early. llama.cpp asks between the steps of its computation, on the inference thread, so the answer must
/// come within nanoseconds. Without this, a client that leaves would be computed for until the batch is through: many seconds for a
/// large model on a slow CPU.
/// </summary>
internal static unsafe class Abortion
{
    private static volatile Func<bool>? _question;

    /// <summary>Sets what is asked; it runs on the inference thread in the midst of native code and must not throw.</summary>
    public static void AskWith(Func<bool> question) => _question = question;

    /// <summary>The function that llama.cpp calls.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static byte IsWanted(void* data) => _question?.Invoke() == true ? (byte)1 : (byte)0;
}
