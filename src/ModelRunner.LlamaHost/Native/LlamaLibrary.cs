using System.Runtime.InteropServices;
using LLama.Native;
using ModelRunner.Linux;
using ModelRunner.LlamaHost.Diagnostics;

namespace ModelRunner.LlamaHost.Native;

/// <summary>
/// Loads llama.cpp from the folder <c>native</c> beside the program. The libraries are loaded in the order in which they need each other:
/// the dynamic linker takes a library that is already loaded under its name, so it takes the libggml-cpu that was chosen.
/// </summary>
internal static class LlamaLibrary
{
    private static readonly Lock Gate = new();
    private static LLamaLogLevel _level = LLamaLogLevel.Info;

    /// <summary>Loads the libraries. Call once, before anything of llama.cpp is used.</summary>
    /// <param name="variantName">The CPU variant that was asked for; null: the best.</param>
    /// <exception cref="NativeLibraryException">A library is missing or cannot be loaded, or the variant cannot be used.</exception>
    public static CpuVariant Load(string? variantName)
    {
        CpuVariant variant = CpuVariant.Choose(variantName, CpuFeatures.Read());

        // Without this a failed assertion in ggml starts a debugger to print a backtrace, which can hang.
        Libc.SetEnvironmentVariable("GGML_NO_BACKTRACE", "1", overwrite: 1);

        string folder = Path.Join(AppContext.BaseDirectory, "native");
        LoadFile(Path.Join(folder, "libgomp.so.1"));
        LoadFile(Path.Join(folder, "libggml-base.so"));
        LoadFile(Path.Join(folder, "cpu-" + variant.Name, "libggml-cpu.so"));
        LoadFile(Path.Join(folder, "libggml.so"));
        string llama = Path.Join(folder, "libllama.so");
        nint library = LoadFile(llama);
        GrammarApi.Bind(library);
        MetadataApi.Bind(library);
        NativeLibraryConfig.LLama.WithLibrary(llama).WithLogCallback(Log);
        return variant;
    }

    private static nint LoadFile(string path)
    {
        if (!File.Exists(path))
            throw new NativeLibraryException(
                $"the library {path} is missing: install llama-host again with the folder \"native\" beside it");
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (DllNotFoundException failure)
        {
            throw new NativeLibraryException($"the library {path} cannot be loaded: {failure.Message.ReplaceLineEndings(" ")}");
        }
    }

    // llama.cpp tells some 200 lines at each load; only warnings and errors are passed on. "Continue" carries a line on at the level
    // before.
    private static void Log(LLamaLogLevel level, string message)
    {
        lock (Gate)
        {
            if (level != LLamaLogLevel.Continue)
                _level = level;
            level = _level;
        }

        if (string.IsNullOrWhiteSpace(message) || Abortion.IsInEffect)
            return;
        if (level == LLamaLogLevel.Error)
            HostLog.Error(message);
        else if (level == LLamaLogLevel.Warning)
            HostLog.Warning(message);
    }
}
