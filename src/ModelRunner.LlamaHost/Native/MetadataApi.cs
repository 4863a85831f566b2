using System.Runtime.InteropServices;
using System.Text;
using LLama.Native;
using ModelRunner.Linux;

namespace ModelRunner.LlamaHost.Native;

/// <summary>
/// Reads a model's metadata. The wrapper of LLamaSharp passes the key in a pooled buffer without a zero byte at its end: it does not find
/// the key if the buffer was used before.
/// </summary>
internal static unsafe class MetadataApi
{
    private static delegate* unmanaged[Cdecl]<nint, byte*, byte*, nuint, int> _getValue;

    /// <summary>Finds the function in the loaded library.</summary>
    public static void Bind(nint library) =>
        _getValue = (delegate* unmanaged[Cdecl]<nint, byte*, byte*, nuint, int>)NativeLibrary.GetExport(library, "llama_model_meta_val_str");

    /// <summary>Reads a value as text; null if the model has none of that key. Any thread may call this.</summary>
    /// <param name="model">The model.</param>
    /// <param name="key">The key without a zero character, for example <c>general.architecture</c>.</param>
    public static string? Find(SafeLlamaModelHandle model, string key)
    {
        byte[] name = Encoding.UTF8.GetBytes(key + '\0');
        using var held = new HeldHandle(model);
        fixed (byte* start = name)
        {
            int length = _getValue(held.Value, start, null, 0);
            if (length < 0)
                return null;

            // llama.cpp writes a zero byte behind the value.
            byte[] value = new byte[length + 1];
            fixed (byte* target = value)
                _getValue(held.Value, start, target, (nuint)value.Length);
            return Encoding.UTF8.GetString(value, 0, length);
        }
    }
}
