// What principal.rs becomes.
const _: () = {
    fn __realtime_type_0(
        types: &mut ::realtime_core::__private::Types,
    ) -> ::realtime_core::__private::Ty {
        <String as ::realtime_core::__private::Described>::describe(types)
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl ::realtime_core::__private::Described for User {
        fn describe(
            types: &mut ::realtime_core::__private::Types,
        ) -> ::realtime_core::__private::Ty {
            types
                .named::<
                    Self,
                >(
                    "User",
                    |types| {
                        let _ = &types;
                        ::realtime_core::__private::TypeDef {
                            name: "User".into(),
                            doc: "".into(),
                            shape: ::realtime_core::__private::Shape::Struct(
                                ::std::vec![
                                    ::realtime_core::__private::Field { number : 0, rust : "id"
                                    .into(), name : "id".into(), ty : __realtime_type_0(types),
                                    doc : "".into(), optional : false, rules : ::std::vec![], }
                                ],
                            ),
                            copy: {
                                use ::realtime_core::__private::lowered::NotCopy as _;
                                ::realtime_core::__private::lowered::CopyProbe::<User>::COPY
                            },
                        }
                    },
                )
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl ::realtime_core::__private::lowered::Has<
        ::realtime_core::__private::lowered::m::clone,
    > for User {}
};
#[automatically_derived]
impl ::realtime_core::__private::Principal for User {
    fn id(&self) -> &str {
        <String as ::realtime_core::__private::KeyField>::as_key(&self.id)
    }
}
