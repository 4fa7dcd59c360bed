// uint16_t start (in), int32_t steps (out), uint8_t history[8] (state)
//  1 uint8_t next[8];
//  2 uint32_t n = start;
//  3 int count = 0;
//  4 while (n > 1 && count < 1000) {
//  5     n = n % 2 ? 3 * n + 1 : n / 2;
//  6     count++;
//  7 }
//  8 for (int i = 0; i < 7; i++) next[i + 1] = history[i];
//  9 next[0] = count;
// 10 for (int i = 0; i < 8; i++) history[i] = next[i];
// 11 steps = count;
builtin.module {
  func.func @collatz_step(%start: i16, %steps: memref<i32>, %history: memref<8xi8>) {
    %next = memref.alloca() {aic.name = "next"} : memref<8xi8>
    %n = arith.extui %start : i16 to i32
    %count = arith.constant 0 : i32
    %n_1, %count_1 = scf.while (%n_2 = %n, %count_2 = %count) : (i32, i32) -> (i32, i32) {
      %one = arith.constant 1 : i32
      %t0 = arith.cmpi ugt, %n_2, %one : i32
      %limit = arith.constant 1000 : i32
      %t1 = arith.cmpi slt, %count_2, %limit : i32
      %t2 = arith.andi %t0, %t1 : i1
      scf.condition(%t2) %n_2, %count_2 : i32, i32
    } do {
    ^bb0(%n_3: i32, %count_3: i32):
      %two = arith.constant 2 : i32
      %t3 = arith.remui %n_3, %two {aic.line = 5 : i64} : i32
      %zero = arith.constant 0 : i32
      %t4 = arith.cmpi ne, %t3, %zero : i32
      %n_4 = scf.if %t4 -> (i32) {
        %three = arith.constant 3 : i32
        %t5 = arith.muli %three, %n_3 : i32
        %one_1 = arith.constant 1 : i32
        %t6 = arith.addi %t5, %one_1 : i32
        scf.yield %t6 : i32
      } else {
        %two_1 = arith.constant 2 : i32
        %t7 = arith.divui %n_3, %two_1 {aic.line = 5 : i64} : i32
        scf.yield %t7 : i32
      }
      %one_2 = arith.constant 1 : i32
      %count_4 = arith.addi %count_3, %one_2 overflow<nsw> {aic.line = 6 : i64} : i32
      scf.yield %n_4, %count_4 : i32, i32
    } attributes {aic.line = 4 : i64}
    %c0 = arith.constant 0 : index
    %c7 = arith.constant 7 : index
    %c1 = arith.constant 1 : index
    scf.for %i0 = %c0 to %c7 step %c1 {
      %i = arith.index_cast %i0 : index to i32
      %t8 = arith.index_cast %i : i32 to index
      %t9 = memref.load %history[%t8] {aic.line = 8 : i64} : memref<8xi8>
      %one_3 = arith.constant 1 : i32
      %t10 = arith.addi %i, %one_3 overflow<nsw> {aic.line = 8 : i64} : i32
      %t11 = arith.index_cast %t10 : i32 to index
      memref.store %t9, %next[%t11] {aic.line = 8 : i64} : memref<8xi8>
    } {aic.loop = "L0", aic.line = 8 : i64}
    %t12 = arith.trunci %count_1 : i32 to i8
    %c0_1 = arith.constant 0 : index
    memref.store %t12, %next[%c0_1] {aic.line = 9 : i64} : memref<8xi8>
    %c0_2 = arith.constant 0 : index
    %c8 = arith.constant 8 : index
    %c1_1 = arith.constant 1 : index
    scf.for %i1 = %c0_2 to %c8 step %c1_1 {
      %i_1 = arith.index_cast %i1 : index to i32
      %t13 = arith.index_cast %i_1 : i32 to index
      %t14 = memref.load %next[%t13] {aic.line = 10 : i64} : memref<8xi8>
      %t15 = arith.index_cast %i_1 : i32 to index
      memref.store %t14, %history[%t15] {aic.line = 10 : i64} : memref<8xi8>
    } {aic.loop = "L1", aic.line = 10 : i64}
    memref.store %count_1, %steps[] {aic.line = 11 : i64} : memref<i32>
    func.return
  }
}
