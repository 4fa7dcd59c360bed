// const uint8_t image[12][16] (in), uint8_t out[12][16] (out), int32_t peak (state); constants H = 12, W = 16
//  1 static const int K[5] = {1, 4, 6, 4, 1};
//  2 for (int y = 0; y < H; y++)
//  3     for (int x = 0; x < W; x++) {
//  4         int sum = 0;
//  5         for (int dy = -2; dy <= 2; dy++) {
//  6             int yy = y + dy; yy = yy < 0 ? 0 : yy >= H ? H - 1 : yy;
//  7             for (int dx = -2; dx <= 2; dx++) {
//  8                 int xx = x + dx; xx = xx < 0 ? 0 : xx >= W ? W - 1 : xx;
//  9                 sum += K[dy + 2] * K[dx + 2] * image[yy][xx];
// 10             }
// 11         }
// 12         out[y][x] = (sum + 128) >> 8;
// 13         if (out[y][x] > peak) peak = out[y][x];
// 14     }
builtin.module {
  "memref.global"() <{sym_name = "K", sym_visibility = "private", type = memref<5xi32>, initial_value = dense<[1, 4, 6, 4, 1]> : tensor<5xi32>, constant}> : () -> ()
  func.func @blur5_step(%image: memref<12x16xi8>, %out: memref<12x16xi8>, %peak: memref<i32>) {
    %K = memref.get_global @K : memref<5xi32>
    %c0 = arith.constant 0 : index
    %c12 = arith.constant 12 : index
    %c1 = arith.constant 1 : index
    scf.for %i0 = %c0 to %c12 step %c1 {
      %y = arith.index_cast %i0 : index to i32
      %c0_1 = arith.constant 0 : index
      %c16 = arith.constant 16 : index
      %c1_1 = arith.constant 1 : index
      scf.for %i1 = %c0_1 to %c16 step %c1_1 {
        %x = arith.index_cast %i1 : index to i32
        %sum = arith.constant 0 : i32
        %cm2 = arith.constant -2 : index
        %c3 = arith.constant 3 : index
        %c1_2 = arith.constant 1 : index
        %sum_1 = scf.for %i2 = %cm2 to %c3 step %c1_2 iter_args(%sum_2 = %sum) -> (i32) {
          %dy = arith.index_cast %i2 : index to i32
          %yy = arith.addi %y, %dy overflow<nsw> {aic.line = 6 : i64} : i32
          %zero = arith.constant 0 : i32
          %t0 = arith.cmpi slt, %yy, %zero : i32
          %h = arith.constant 12 : i32
          %t1 = arith.cmpi sge, %yy, %h : i32
          %h1 = arith.constant 11 : i32
          %t2 = arith.select %t1, %h1, %yy : i32
          %yy_1 = arith.select %t0, %zero, %t2 : i32
          %cm2_1 = arith.constant -2 : index
          %c3_1 = arith.constant 3 : index
          %c1_3 = arith.constant 1 : index
          %sum_3 = scf.for %i3 = %cm2_1 to %c3_1 step %c1_3 iter_args(%sum_4 = %sum_2) -> (i32) {
            %dx = arith.index_cast %i3 : index to i32
            %xx = arith.addi %x, %dx overflow<nsw> {aic.line = 8 : i64} : i32
            %zero_1 = arith.constant 0 : i32
            %t3 = arith.cmpi slt, %xx, %zero_1 : i32
            %w = arith.constant 16 : i32
            %t4 = arith.cmpi sge, %xx, %w : i32
            %w1 = arith.constant 15 : i32
            %t5 = arith.select %t4, %w1, %xx : i32
            %xx_1 = arith.select %t3, %zero_1, %t5 : i32
            %two = arith.constant 2 : i32
            %t6 = arith.addi %dy, %two overflow<nsw> {aic.line = 9 : i64} : i32
            %t7 = arith.index_cast %t6 : i32 to index
            %t8 = memref.load %K[%t7] {aic.line = 9 : i64} : memref<5xi32>
            %two_1 = arith.constant 2 : i32
            %t9 = arith.addi %dx, %two_1 overflow<nsw> {aic.line = 9 : i64} : i32
            %t10 = arith.index_cast %t9 : i32 to index
            %t11 = memref.load %K[%t10] {aic.line = 9 : i64} : memref<5xi32>
            %t12 = arith.muli %t8, %t11 overflow<nsw> {aic.line = 9 : i64} : i32
            %t13 = arith.index_cast %yy_1 : i32 to index
            %t14 = arith.index_cast %xx_1 : i32 to index
            %t15 = memref.load %image[%t13, %t14] {aic.line = 9 : i64} : memref<12x16xi8>
            %t16 = arith.extui %t15 : i8 to i32
            %t17 = arith.muli %t12, %t16 overflow<nsw> {aic.line = 9 : i64} : i32
            %sum_5 = arith.addi %sum_4, %t17 overflow<nsw> {aic.line = 9 : i64} : i32
            scf.yield %sum_5 : i32
          } {aic.loop = "L3", aic.line = 7 : i64}
          scf.yield %sum_3 : i32
        } {aic.loop = "L2", aic.line = 5 : i64}
        %c128 = arith.constant 128 : i32
        %t18 = arith.addi %sum_1, %c128 overflow<nsw> {aic.line = 12 : i64} : i32
        %c8 = arith.constant 8 : i32
        %t19 = arith.shrsi %t18, %c8 {aic.line = 12 : i64} : i32
        %t20 = arith.trunci %t19 : i32 to i8
        %t21 = arith.index_cast %y : i32 to index
        %t22 = arith.index_cast %x : i32 to index
        memref.store %t20, %out[%t21, %t22] {aic.line = 12 : i64} : memref<12x16xi8>
        %t23 = arith.index_cast %y : i32 to index
        %t24 = arith.index_cast %x : i32 to index
        %t25 = memref.load %out[%t23, %t24] {aic.line = 13 : i64} : memref<12x16xi8>
        %t26 = arith.extui %t25 : i8 to i32
        %t27 = memref.load %peak[] {aic.line = 13 : i64} : memref<i32>
        %t28 = arith.cmpi sgt, %t26, %t27 : i32
        scf.if %t28 {
          %t29 = arith.index_cast %y : i32 to index
          %t30 = arith.index_cast %x : i32 to index
          %t31 = memref.load %out[%t29, %t30] {aic.line = 13 : i64} : memref<12x16xi8>
          %t32 = arith.extui %t31 : i8 to i32
          memref.store %t32, %peak[] {aic.line = 13 : i64} : memref<i32>
        }
      } {aic.loop = "L1", aic.line = 3 : i64}
    } {aic.loop = "L0", aic.line = 2 : i64}
    func.return
  }
}
