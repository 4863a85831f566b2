using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ModelRunner.LlamaHost.Native;

/// <summary>
/// Lets a running decode call end early. llama.cpp asks between the steps of its computation, on the inference thread, so the answer must
/// come within nanoseconds. Without this, the computation for a client that left would continue to the end of the batch: many seconds for a
/// large model on a slow CPU.
/// </summary>
internal static unsafe class Abortion
{
    private static volatile Func<bool>? _question;
    private static volatile bool _isInEffect;

    /// <summary>Whether a call is being ended early. llama.cpp then logs errors that can be ignored.</summary>
    public static bool IsInEffect => _isInEffect;

    /// <summary>The address of the function for llama.cpp's context parameters.</summary>
    public static nint Callback => (nint)(delegate* unmanaged[Cdecl]<void*, byte>)&IsWanted;

    /// <summary>Sets what is asked; it runs on the inference thread in the midst of native code and must not throw.</summary>
    public static void AskWith(Func<bool> question) => _question = question;

    /// <summary>To be called before each decode call.</summary>
    public static void Reset() => _isInEffect = false;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte IsWanted(void* data)
    {
        if (_question?.Invoke() != true)
            return 0;
        _isInEffect = true;
        return 1;
    }
}
