"""Machine operations the compiler does not offer by itself: unaligned loads, prefetch, folding.

They check nothing: the caller has made sure that the bytes are there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array


def _address(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.gep(data, [index])


def _loader(bits: int, big_endian: bool, returns: Any) -> Callable[..., Any]:
    @intrinsic
    def load(typing_context: Any, buffer: Any, index: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            address = _address(context, builder, signature.args[0], args[0], args[1])
            integer = ir.IntType(bits)
            value = builder.load(builder.bitcast(address, integer.as_pointer()))
            value.align = 1
            if big_endian:
                value = builder.bswap(value)
            return builder.zext(value, ir.IntType(64)) if bits < 64 else value

        return returns(buffer, types.int64), generate

    return load


# Signed results, because Numba turns a mix of int64 and uint64 into float64.
big16 = _loader(16, True, types.int64)
big32 = _loader(32, True, types.int64)
big64 = _loader(64, True, types.uint64)
little16 = _loader(16, False, types.int64)
little32 = _loader(32, False, types.int64)


@intrinsic
def prefetch(typing_context: Any, array: Any, index: Any) -> Any:
    """Ask for the cache line of `array[index]`; harmless for any index within the array."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _address(context, builder, signature.args[0], args[0], args[1])
        pointer = ir.IntType(8).as_pointer()
        i32 = ir.IntType(32)
        function = builder.module.declare_intrinsic(
            "llvm.prefetch", [pointer], ir.FunctionType(ir.VoidType(), [pointer, i32, i32, i32])
        )
        builder.call(function, [builder.bitcast(address, pointer), i32(1), i32(3), i32(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


def _atomic_place(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    address = _address(context, builder, signature.args[0], args[0], args[1])
    return builder.bitcast(address, ir.IntType(32).as_pointer())


@intrinsic
def acquire32(typing_context: Any, buffer: Any, index: Any) -> Any:
    """The aligned 32 bits there; what another wrote before it wrote them is seen from here on."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _atomic_place(context, builder, signature, args)
        return builder.zext(builder.load_atomic(place, "acquire", 4), ir.IntType(64))

    return types.int64(buffer, types.int64), generate


@intrinsic
def release32(typing_context: Any, buffer: Any, index: Any, value: Any) -> Any:
    """Write the aligned 32 bits there, once all that was read and written before is done."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _atomic_place(context, builder, signature, args)
        builder.store_atomic(builder.trunc(args[2], ir.IntType(32)), place, "release", 4)
        return context.get_dummy_value()

    return types.void(buffer, types.int64, types.int64), generate


@intrinsic
def copy_bytes(
    typing_context: Any, target: Any, at: Any, source: Any, start: Any, count: Any
) -> Any:
    """Copy `count` bytes of the uint8 array `source` from `start` on into `target` at `at`."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kinds = signature.args
        into = _address(context, builder, kinds[0], args[0], args[1])
        out = _address(context, builder, kinds[2], args[2], args[3])
        cgutils.raw_memcpy(builder, into, out, args[4], 1)
        return context.get_dummy_value()

    return types.void(target, types.int64, source, types.int64, types.int64), generate


@intrinsic
def fold(typing_context: Any, a: Any, b: Any) -> Any:
    """High and low half of the 128-bit product of two uint64, XORed: a mixing step."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        low = builder.trunc(product, ir.IntType(64))
        high = builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), ir.IntType(64))
        return builder.xor(low, high)

    return types.uint64(types.uint64, types.uint64), generate


def array_at(kind: Any, item: int) -> Callable[..., Any]:
    """An intrinsic that takes an address and a count for an array of `kind`, `item` bytes each.

    Nobody keeps the memory alive on its account: whoever put the address there does.
    """

    @intrinsic
    def view(typing_context: Any, address: Any, count: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            array = context.make_array(kind)(context, builder)
            size = context.get_constant(types.intp, item)
            populate_array(
                array,
                data=builder.inttoptr(args[0], array.data.type),
                shape=[args[1]],
                strides=[size],
                itemsize=size,
                meminfo=None,
            )
            return array._getvalue()  # noqa: SLF001 - the compiler's own way to return one

        return kind(types.uint64, types.int64), generate

    return view
