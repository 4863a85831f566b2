using System.Collections;

namespace ModelRunner.Daemon.Runners.Processes;

/// <summary>
/// The variables that runners get. Nothing is inherited but what concerns the machine: a stray <c>LLAMA_ARG_…</c> would change a runner
/// behind the daemon's back, <c>AIP_…</c> and <c>LLAMA_SERVER_ROUTER_PORT</c> change where it listens, and keys are nobody's business.
/// </summary>
internal static class RunnerEnvironment
{
    /// <summary>Marks every runner, and what runners start, with the daemon that they belong to.</summary>
    public const string OwnerVariable = "MODEL_RUNNER_RUNNER";

    /// <summary>Marks one runner, and what it starts, so that nothing of it is left when it ends.</summary>
    public const string TreeVariable = "MODEL_RUNNER_RUNNER_TREE";

    private static readonly string[] Kept =
    [
        "PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "XDG_CACHE_HOME", "XDG_DATA_DIRS", "DOTNET_ROOT",
        "DRI_PRIME", "LP_NUM_THREADS", "ADSP_LIBRARY_PATH",
    ];

    // What steers drivers, thread pools and ggml's choice of devices.
    private static readonly string[] KeptPrefixes =
    [
        "LC_", "GGML_", "DOTNET_ROOT_",
        "CUDA_", "CUBLAS_", "CUDNN_", "NVIDIA_", "NCCL_",
        "HIP_", "HIPBLASLT_", "HSA_", "HSAKMT_", "ROCBLAS_", "ROCM_", "ROCR_", "RCCL_", "MIOPEN_", "TENSILE_", "AMD_", "AMDGPU_", "GPU_",
        "VK_", "VULKAN_", "__VK_", "__GL", "__NV_", "MESA_", "RADV_", "ANV_", "NVK_", "INTEL_",
        "SYCL_", "ONEAPI_", "ONEDNN_", "DNNL_", "ZE_", "ZES_", "ZET_", "ZEL_", "UR_", "IGC_", "OCL_", "OPENCL_", "NEO_",
        "MUSA_", "MUBLAS_", "MTHREADS_", "MCCL_", "ASCEND_", "ACL_", "HCCL_", "CANN_",
        "OMP_", "GOMP_", "KMP_", "OPENBLAS_", "GOTO_", "BLIS_", "MKL_", "TBB_",
    ];

    private static readonly string[] SecretParts = ["KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL"];

    /// <summary>The variables for a runner, as <c>NAME=value</c>.</summary>
    /// <param name="inherited">The daemon's own.</param>
    /// <param name="emptyFolder">An existing folder with nothing in it.</param>
    public static IReadOnlyList<string> Build(IDictionary inherited, string emptyFolder)
    {
        var variables = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry variable in inherited)
            if (variable is { Key: string name, Value: string value } && IsKept(name))
                variables[name] = value;

        variables[OwnerVariable] = DaemonIdentity.Own.ToString();

        // llama-server reads llama.cpp/config.ini from there; an abort would start a debugger for a backtrace.
        variables["XDG_CONFIG_HOME"] = emptyFolder;
        variables["GGML_NO_BACKTRACE"] = "1";

        // As variables rather than flags: a llama-server that does not know one of them ignores it.
        variables["LLAMA_ARG_NO_UI"] = "1";
        variables["LLAMA_ARG_NO_WEBUI"] = "1";
        variables["LLAMA_ARG_OFFLINE"] = "1";
        variables["LLAMA_ARG_ENDPOINT_SLOTS"] = "0";

        // A .NET runner that is killed would leave its diagnostics socket behind.
        variables["DOTNET_EnableDiagnostics"] = "0";
        return [.. variables.Select(static variable => $"{variable.Key}={variable.Value}")];
    }

    private static bool IsKept(string name) =>
        (Kept.Contains(name, StringComparer.Ordinal) || KeptPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
        && !SecretParts.Any(part => name.Contains(part, StringComparison.OrdinalIgnoreCase));
}
