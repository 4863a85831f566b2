using System.Runtime.InteropServices;

namespace ModelRunner.Linux;

/// <summary>Keeps a handle open while native code uses it, also if another thread disposes it meanwhile.</summary>
internal readonly ref struct HeldHandle
{
    private readonly SafeHandle _handle;

    /// <exception cref="ObjectDisposedException">The handle is closed already.</exception>
    public HeldHandle(SafeHandle handle)
    {
        // If this throws, there is nothing to release.
        bool isHeld = false;
        handle.DangerousAddRef(ref isHeld);
        _handle = handle;
    }

    public nint Value => _handle.DangerousGetHandle();

    public void Dispose() => _handle.DangerousRelease();
}
