// const float a[64], bool on (in, a scalar by value: bool is an i8 in memory and at the interface), float mean, uint32_t hash (out); N = 64
//  1 static float square(float v) { return v * v; }
//  2 float sum = 0.0f;
//  3 uint32_t h = 2166136261u;
//  4 for (int i = N - 1; i >= 0; i--) {
//  5     if (on) sum += square(a[i]);
//  6     h = (h ^ (uint32_t)i) * 16777619u;
//  7 }
//  8 mean = sqrtf(sum / N);
//  9 hash = h;
builtin.module {
  func.func private @square(%v: f32) -> f32 {
    %t0 = arith.mulf %v, %v : f32
    func.return %t0 : f32
  }
  func.func @reduce_step(%a: memref<64xf32>, %on: i8, %mean: memref<f32>, %hash: memref<i32>) {
    %sum = arith.constant 0.000000e+00 : f32
    %h = arith.constant -2128831035 : i32
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %c1 = arith.constant 1 : index
    %sum_1, %h_1 = scf.for %i0 = %c0 to %c64 step %c1 iter_args(%sum_2 = %sum, %h_2 = %h) -> (f32, i32) {
      %first = arith.constant 63 : index
      %down = arith.subi %first, %i0 : index
      %i = arith.index_cast %down : index to i32
      %false = arith.constant 0 : i8
      %on_1 = arith.cmpi ne, %on, %false : i8
      %sum_3 = scf.if %on_1 -> (f32) {
        %t0 = arith.index_cast %i : i32 to index
        %t1 = memref.load %a[%t0] {aic.line = 5 : i64} : memref<64xf32>
        %t2 = func.call @square(%t1) {aic.line = 5 : i64} : (f32) -> f32
        %t3 = arith.addf %sum_2, %t2 : f32
        scf.yield %t3 : f32
      } else {
        scf.yield %sum_2 : f32
      }
      %t4 = arith.xori %h_2, %i : i32
      %prime = arith.constant 16777619 : i32
      %h_3 = arith.muli %t4, %prime : i32
      scf.yield %sum_3, %h_3 : f32, i32
    } {aic.loop = "L0", aic.line = 4 : i64}
    %n = arith.constant 6.400000e+01 : f32
    %t5 = arith.divf %sum_1, %n : f32
    %t6 = math.sqrt %t5 : f32
    memref.store %t6, %mean[] {aic.line = 8 : i64} : memref<f32>
    memref.store %h_1, %hash[] {aic.line = 9 : i64} : memref<i32>
    func.return
  }
}
